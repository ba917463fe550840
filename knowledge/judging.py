"""Ask the network of `knowledge/answerability.py` about the passages that a search has found."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from knowledge.embedding import Embedder

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from knowledge.answerability import Answerability, Array

    Half = npt.NDArray[np.float16]

_KEPT = 128
"""Passages whose token vectors are kept, some 16 MB: those of a company's usual questions."""


class Judge:
    """Judges passages found with one embedding model. Keeps what it has read of passages, not of questions."""

    def __init__(self, network: "Answerability", embedder: Embedder) -> None:
        self._network = network
        self._embedder = embedder
        self._read: dict[str, Half] = {}

    async def logits(self, questions: Sequence[str], passages: Sequence[str]) -> list[list[float]]:
        """A row a passage, a column a question: what speaks for an answer, as the logarithm of the odds.

        Reading a passage takes as long as embedding it, once.
        """
        new = [text for text in dict.fromkeys(passages) if text not in self._read]
        vectors = await self._embedder.tokens([*questions, *new])
        asked, found = vectors[: len(questions)], vectors[len(questions) :]
        read = self._read | {text: one.astype("float16") for text, one in zip(new, found, strict=True)}
        self._keep({text: read[text] for text in passages})
        rows = (asyncio.to_thread(self._judge, asked, read[text]) for text in passages)
        return list(await asyncio.gather(*rows))  # side by side: numpy lets other threads work meanwhile

    def _judge(self, questions: Sequence["Array"], passage: "Half") -> list[float]:
        return self._network.logits(questions, passage.astype("float32"))

    def _keep(self, read: "dict[str, Half]") -> None:
        """As the last ones."""
        for text, vectors in read.items():
            self._read.pop(text, None)
            self._read[text] = vectors
        for text in list(self._read)[:-_KEPT]:
            del self._read[text]


async def judge_for(embedder: Embedder) -> Judge | None:
    """The judge of what this model finds, None where the network does not know its vectors."""
    from knowledge.answerability import load_answerability

    network = await asyncio.to_thread(load_answerability)
    return Judge(network, embedder) if network.model == embedder.fingerprint else None
