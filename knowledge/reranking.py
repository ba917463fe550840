"""An optional cross-encoder that puts the best candidates in order: slower and better than one score.

It reads question and passage together, so it costs tens of milliseconds a passage. It is loaded at
the first question that needs it, in a thread of its own; whatever goes wrong or takes too long
leaves the order as it was.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from settings.errors import EmbeddingError

if TYPE_CHECKING:
    from fastembed.rerank.cross_encoder import TextCrossEncoder

_SUGGESTED = "Xenova/ms-marco-MiniLM-L-6-v2"
_LOG = logging.getLogger(__name__)


def reranker_files(model: str, path: str | None, cache: Path) -> Path | None:
    """The folder that holds a cross-encoder's files, None where it is still to be downloaded.

    Raises EmbeddingError where there is no such model or folder, or the folder lacks a file.
    """
    from fastembed.rerank.cross_encoder import TextCrossEncoder

    known = {str(entry["model"]).lower(): entry for entry in TextCrossEncoder.list_supported_models()}
    entry = known.get(model.lower())
    if entry is None:
        raise EmbeddingError(
            f"knowledge.yaml: search.reranker: fastembed has no cross-encoder {model!r} (such as {_SUGGESTED})"
        )
    if path is not None:
        for file in (entry["model_file"], "tokenizer.json", "config.json"):
            if not (Path(path) / file).is_file():
                raise EmbeddingError(f"knowledge.yaml: search.reranker_path: there is no {file} in {path}")
        return Path(path)
    name = "models--" + str(entry["sources"]["hf"]).replace("/", "--")
    files = sorted(cache.glob(f"{name}/snapshots/*/{entry['model_file']}"))
    return files[-1].parents[len(Path(entry["model_file"]).parts) - 1] if files else None


class Reranker:
    """A cross-encoder of fastembed, by name, or from a folder that holds its files."""

    def __init__(self, model: str, path: str | None, cache: Path, seconds: float = 1.5, candidates: int = 12) -> None:
        self.candidates = candidates
        self._model = model
        self._path = path
        self._cache = cache
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="rerank")
        self._encoder: TextCrossEncoder | None = None
        self._loading: asyncio.Future[None] | None = None

    async def order(self, question: str, texts: Sequence[str]) -> list[int]:
        """Places of the texts, best first; as they came where the model is not ready in time."""
        unchanged = list(range(len(texts)))
        try:
            async with asyncio.timeout(self._seconds):
                await asyncio.shield(self._load())
                scores = await asyncio.get_running_loop().run_in_executor(self._pool, self._score, question, texts)
        except TimeoutError:
            _LOG.warning(
                "the cross-encoder %s took more than %s s: passages keep their order", self._model, self._seconds
            )
            return unchanged
        except Exception as error:  # fastembed, onnxruntime and the hub raise whatever they like
            _LOG.warning("the cross-encoder %s does not work (%s): passages keep their order", self._model, error)
            return unchanged
        return sorted(unchanged, key=lambda place: (-scores[place], place))

    def close(self) -> None:
        """Give up waiting work."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _load(self) -> "asyncio.Future[None]":
        failed = self._loading is not None and self._loading.done() and self._loading.exception() is not None
        if self._loading is None or failed:
            self._loading = asyncio.get_running_loop().run_in_executor(self._pool, self._open)
        return self._loading

    def _open(self) -> None:
        from fastembed.rerank.cross_encoder import TextCrossEncoder

        self._encoder = TextCrossEncoder(
            self._model, cache_dir=str(self._cache), threads=1, specific_model_path=self._path
        )

    def _score(self, question: str, texts: Sequence[str]) -> list[float]:
        assert self._encoder is not None
        return [float(score) for score in self._encoder.rerank(question, list(texts), batch_size=4)]
