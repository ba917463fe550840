"""Text to BM25 term weights: Snowball stemming, and stop lists for documents and for questions.

How much a term tells (IDF) is not in here: it is decided when a question is asked, by the documents
that the asking person may read (`knowledge/vocabulary.py`).
"""

import re
from dataclasses import dataclass

import qdrant_edge

from knowledge.stop_words import CONVERSATION, STOP_WORDS

FORMAT = 2
"""Part of every index's fingerprint: raise it when the same text gets other terms or weights."""
AVERAGE_LENGTH = 80.0
"""Terms in a chunk of usual size, after stop words."""
_MOST_WORDS = 4000


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Term ids with their weights."""

    indices: list[int]
    values: list[float]


class TermWeights:
    """The BM25 model of one language.

    k1 and b are lower than the textbook's 1.2 and 0.75: chunks are short and of even length.
    """

    def __init__(self, language: str) -> None:
        self.english = language == "english"
        self._bm25 = qdrant_edge.Bm25(
            qdrant_edge.Bm25Config(
                k=0.8,
                b=0.5,
                avg_len=AVERAGE_LENGTH,
                language=language,
                stopwords=qdrant_edge.StopwordsSet(custom=set(STOP_WORDS)) if language == "english" else None,
            )
        )
        self._conversation = CONVERSATION if language == "english" else frozenset[str]()
        self._words: dict[str, tuple[int, ...]] = {}

    def of_document(self, text: str) -> SparseVector:
        """Weights of a chunk."""
        vector = self._bm25.embed_document(_joined(text))
        return SparseVector(list(vector.indices), list(vector.values))

    def of_word(self, word: str) -> tuple[int, ...]:
        """The terms of one word; remembered, because the same few hundred are asked for again and again."""
        if word not in self._words:
            if len(self._words) >= _MOST_WORDS:
                self._words.clear()
            self._words[word] = tuple(self.of_document(word).indices)
        return self._words[word]

    def of_question(self, text: str) -> SparseVector:
        """Weights of a question, without the words that only make conversation.

        A question of nothing but such words keeps them: "what is slack" is about Slack.
        """
        words = [word for word in text.split() if _bare(word) not in self._conversation]
        vector = self._bm25.embed_query(_joined(" ".join(words) or text))
        return SparseVector(list(vector.indices), list(vector.values))


def _bare(word: str) -> str:
    return "".join(filter(str.isalnum, word.casefold()))


_JOINED = re.compile(
    r"\b(?=\w++[-/.,]\w|\d++ \d|\w[^\W_]*+_)"  # nearly every word ends here
    r"(?:\d{1,3}(?:,\d{3})+"  # 10,000
    r"|\d{3,}(?: \d{3,})+"  # 0113 496 0190
    r"|(?=\w*\d)\w+(?:[-_/.]\w+)+"  # E-4107, 5.2
    r"|\w+(?:-\w+)+"  # co-operate
    r"|[^\W_]+(?:_+[^\W_]+)+)\b"  # snake_case
)
_CODE = re.compile(r"\b([^\W\d_]++)(\d++)\b")


def _joined(text: str) -> str:
    """Add other spellings of names and numbers: `E-4107`, `E4107` and `e 4107` share e and 4107, or e4107."""
    extra = {re.sub(r"[-_/., ]", "", match.group()) for match in _JOINED.finditer(text)}
    extra |= {part for match in _CODE.finditer(text) for part in match.groups()}
    return f"{text}\n{' '.join(sorted(extra))}" if extra else text
