"""Does a passage answer a question? The word of a small network, without a language model.

It reads the embedding model's vectors of single tokens. A question's tokens look at each other and at the
passage's, twice (cross-attention; Vaswani and others, 2017), and are told how near the nearest tokens of
the passage are, as in late interaction (ColBERT; Khattab and Zaharia, 2020). It was trained on passages of
made-up companies with questions that they answer and near misses; `docs/make_answerability.py` trains it,
docs/decisions/0051-answerability.md has the figures. It knows the vectors of one embedding model only.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from io import BytesIO

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
"""Of tokens: a row a token."""

WEIGHTS = "answerability.npz"
MODEL = "model"
"""Key of the fingerprint of the embedding model that the weights were trained with."""
HEADS = 4
BLOCKS = 2
NEAREST = 3
"""Tokens of the passage whose likeness each token of the question is told."""
_STEADY = 1e-5
"""As torch's LayerNorm has it."""


class Answerability:
    """Networks with their weights, by the names that `docs/make_answerability.py` gives them.

    Several that began differently are asked together, [networks, ...] in every weight: the mean of their
    verdicts is steadier than any one.
    """

    def __init__(self, weights: Mapping[str, npt.NDArray[np.generic]]) -> None:
        self.model = str(weights[MODEL])
        self._weights = {name: value.astype(np.float32) for name, value in weights.items() if name != MODEL}

    def logits(self, questions: Sequence[Array], passage: Array) -> list[float]:
        """What speaks for an answer to each question, as the logarithm of the odds: above 0 more than against it.

        All are vectors of tokens, [tokens, dimension] of the embedding model. Most of the work is the passage's.
        """
        read = self._normed("passage_norm", self._linear("passage", passage))
        context = [np.split(self._linear(f"blocks.{number}.cross_passage", read), 2, 2) for number in range(BLOCKS)]
        return [self._logit(question, passage, _unit(passage), context) for question in questions]

    def _logit(self, question: Array, passage: Array, directions: Array, context: Sequence[Sequence[Array]]) -> float:
        likeness = _unit(question) @ directions.T
        padded = np.pad(likeness, ((0, 0), (0, max(0, NEAREST - len(passage)))), constant_values=-1)
        nearest = -np.sort(-padded, axis=1)[:, :NEAREST]
        best = passage[likeness.argmax(axis=1)]
        told = self._linear("question", question) + self._linear("likeness", nearest) + self._linear("best", best)
        summary = self._weights["summary"][:, None]
        asked = np.concatenate([summary, self._normed("question_norm", told)], axis=1)
        for number, (keys, values) in enumerate(context):
            asked = self._block(f"blocks.{number}", asked, keys, values)
        asked = self._normed("norm", asked)
        heard = np.concatenate([asked[:, :1], asked.mean(axis=1, keepdims=True)], axis=2)
        scale, shift = self._weights["cosine"].T
        cosine = _unit(question.mean(axis=0)) @ _unit(passage.mean(axis=0))
        return float(np.mean(self._linear("verdict", heard)[:, 0, 0] + scale * cosine + shift))

    def _block(self, name: str, asked: Array, keys: Array, values: Array) -> Array:
        own = np.split(self._linear(f"{name}.own", self._normed(f"{name}.own_norm", asked)), 3, 2)
        asked = asked + self._linear(f"{name}.own_out", _attention(*own))
        queries = self._linear(f"{name}.cross", self._normed(f"{name}.cross_norm", asked))
        asked = asked + self._linear(f"{name}.cross_out", _attention(queries, keys, values))
        wide = _gelu(self._linear(f"{name}.wide", self._normed(f"{name}.wide_norm", asked)))
        return asked + self._linear(f"{name}.narrow", wide)

    def _linear(self, name: str, value: Array) -> Array:
        out: Array = value @ self._weights[f"{name}.weight"].transpose(0, 2, 1) + self._weights[f"{name}.bias"][:, None]
        return out

    def _normed(self, name: str, value: Array) -> Array:
        centred = value - value.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + _STEADY)
        out: Array = (
            centred / spread * self._weights[f"{name}.weight"][:, None] + self._weights[f"{name}.bias"][:, None]
        )
        return out


@cache
def load_answerability() -> Answerability:
    """Read the weights that ship; takes some milliseconds, so call it in a thread."""
    packed = (resources.files("knowledge") / "models" / "minilm" / WEIGHTS).read_bytes()
    with np.load(BytesIO(packed)) as weights:
        return Answerability(dict(weights))


def _attention(queries: Array, keys: Array, values: Array) -> Array:
    """Scaled dot-product attention in several heads: [networks, tokens, width] of each, as many tokens as ask out."""
    width = queries.shape[2] // HEADS
    out = np.empty_like(queries)
    for head in range(HEADS):
        part = slice(head * width, (head + 1) * width)
        weights = queries[:, :, part] @ keys[:, :, part].transpose(0, 2, 1) / np.sqrt(np.float32(width))
        weights = np.exp(weights - weights.max(axis=2, keepdims=True))
        out[:, :, part] = weights / weights.sum(axis=2, keepdims=True) @ values[:, :, part]
    return out


def _gelu(value: Array) -> Array:
    """The tanh form (Hendrycks and Gimpel, 2016)."""
    out: Array = 0.5 * value * (1 + np.tanh(np.float32(np.sqrt(2 / np.pi)) * (value + np.float32(0.044715) * value**3)))
    return out


def _unit(value: Array) -> Array:
    out: Array = value / np.maximum(np.linalg.norm(value, axis=-1, keepdims=True), np.float32(1e-12))
    return out
