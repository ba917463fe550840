"""A text without what nobody should have typed: secrets, and numbers that belong to one person.

Used before a model sees a question, and before a question is stored. The patterns are those by which
`deskhand lint` finds the same in documents.
"""

from dataclasses import dataclass
from typing import Literal

from settings.credentials import secrets_of
from settings.personal_numbers import numbers_of

What = Literal["secrets", "numbers"]


@dataclass(frozen=True, slots=True)
class Redacted:
    """The text with a name in the place of each thing that was taken out, and the kinds of these."""

    text: str
    kinds: tuple[str, ...] = ()


def redact(text: str, what: tuple[What, ...] = ("secrets", "numbers")) -> Redacted:
    """Take out keys, tokens and passwords (`secrets`), and checked numbers of persons (`numbers`)."""
    found: list[tuple[int, int, str]] = []
    if "secrets" in what:
        found += [(secret.start, secret.end, _bare(secret.kind)) for secret in secrets_of(text)]
    if "numbers" in what:
        found += [(number.start, number.end, number.kind) for number in numbers_of(text)]
    pieces, done, kinds = [], 0, dict[str, None]()
    for start, end, kind in sorted(found):
        kinds[kind] = None
        if end <= done:
            continue  # inside the one before
        pieces += [text[done:start], f"[{kind} removed]" if start >= done else ""]
        done = end
    return Redacted("".join([*pieces, text[done:]]), tuple(kinds)) if found else Redacted(text)


def _bare(kind: str) -> str:
    """`what looks like a password` and `a private key` as they stand in the middle of a sentence."""
    return kind.removeprefix("what looks like ").removeprefix("an ").removeprefix("a ")
