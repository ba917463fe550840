"""Words that stand near each other in meaning, from the embedding model's own word vectors.

`subway` for `metro`, `parents` for `parental`, `resignation` for `quit`: a document may use the one where
a question has the other. Beside the synonyms, which people wrote (`knowledge/synonyms.py`), these are many
and quiet. `docs/make_near_words.py` writes the table; English only.
"""

import gzip
from functools import cache, lru_cache
from importlib import resources

TABLE = "near-words.txt.gz"
"""A line a word: the word, a tab, and the nearest words, each with its likeness in hundredths."""
LEAST = 0.3
"""Cosine below which words are not listed."""


@lru_cache(maxsize=4096)
def near_words(word: str) -> tuple[tuple[str, float], ...]:
    """The nearest words of other stems, nearest first, each with its cosine from 0.3 to 1."""
    listed = iter(load_near_words().get(word, "").split())
    return tuple((other, int(hundredths) / 100) for other, hundredths in zip(listed, listed, strict=True))


@cache
def load_near_words() -> dict[str, str]:
    """Read the table once; takes 50 ms, so call it in a thread first.

    It is kept as text, because a question needs ten lines of twenty thousand.
    """
    packed = (resources.files("knowledge") / "models" / "minilm" / TABLE).read_bytes()
    lines = gzip.decompress(packed).decode().splitlines()
    return {word: near for word, _, near in (line.partition("\t") for line in lines)}
