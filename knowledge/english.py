"""Which words are English, by the embedding model's word list."""

import json
from collections.abc import Iterator
from functools import cache
from importlib import resources


def is_english(word: str) -> bool:
    """Whether it is a word, or a form of one: `charity` is no slip for `clarity`, though no document has it."""
    return any(form in load_places() for form in _forms(word.casefold()))


def _forms(word: str) -> Iterator[str]:
    """A word and what it may be made of: `showers`, `shower`; `quitting`, `quit`; `joined`, `join`."""
    yield word
    for ending in ("'s", "’s", "s", "ing", "ed", "d"):
        if word.endswith(ending) and len(word) - len(ending) > 2:
            start = word.removesuffix(ending)
            yield start
            if start[-1] == start[-2]:
                yield start[:-1]


@cache
def load_places() -> dict[str, int]:
    """Read the word list once, with the place of each; takes 25 ms, so call it in a thread first."""
    words = (resources.files("knowledge") / "models" / "minilm" / "tokenizer.json").read_text(encoding="utf-8")
    return json.loads(words)["model"]["vocab"]  # type: ignore[no-any-return]
