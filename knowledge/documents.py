"""What a loader makes of a file: a title, blocks of Markdown with their place, and front matter."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

type_of_block = Literal["text", "list", "table", "code"]

EVERYONE = "everyone"
"""The audience of a document that names none."""


class DocumentError(Exception):
    """A file that cannot be read as a document; the message tells the administrator why.

    Raised by loaders only. The sync turns it into the file's receipt, state `failed`.
    """


class AudienceUnknown(DocumentError):
    """Who may read the file cannot be told: not even its last good version may stay."""


class OverLimit(DocumentError):
    """A file that took too much time or memory: under other limits it is tried again."""


class NothingToRead(DocumentError):
    """A well-formed file without any text of its own; its receipt says `skipped`."""


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph, list, table or code block, as Markdown.

    `headings` is the path of headings above it, outermost first, without the document's title.
    `line` is the 1-based line of the file where it starts, `page` the 1-based page, where known.
    """

    text: str
    headings: tuple[str, ...] = ()
    kind: type_of_block = "text"
    line: int | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading as it stands in the file, with or without text below it. `level` counts from 1."""

    text: str
    level: int
    line: int | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content.

    `audience` names the groups that may read it, None where the file itself does not say: then the
    settings decide. `outline` has every heading in order, `pages` is the number of pages where known.
    `notes` are faults of the file that did not keep it from being read, with what to do, for its receipt.
    """

    title: str
    blocks: tuple[Block, ...]
    keywords: tuple[str, ...] = ()
    audience: tuple[str, ...] | None = None
    updated: date | None = None
    review_by: date | None = None
    outline: tuple[Heading, ...] = ()
    pages: int | None = None
    notes: tuple[str, ...] = ()


_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"  # scripts without spaces: a character is a word
    r"|\w+(?:['’.-]\w+)*"
)


@lru_cache(maxsize=256)
def count_words(text: str) -> int:
    """Words of any script, the unit of all chunk sizes; kept, because a block is counted several times on its way."""
    return len(_WORD.findall(text))


_MARKUP: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"!\[([^\[\]]*)\]\([^()]*\)"), r"\1"),  # image: its alternative text
    (re.compile(r"\[([^\[\]]+)\]\((?:[^()\s]|\([^()]*\))*(?:\s+\"[^\"]*\")?\)"), r"\1"),  # link
    (
        re.compile(
            r"</?(?:a|abbr|b|br|code|del|details|div|em|i|img|ins|kbd|li|mark|ol|p|s|small|span|strong|sub|summary|sup|u|ul)\b[^<>]*>",
            re.I,
        ),
        "",
    ),
    (re.compile(r"<(https?://[^<>\s]+|[^@<>\s]+@[^<>\s]+)>"), r"\1"),
    (  # table rule
        re.compile(r"^[ \t]*(?:\|[ \t]*)?(?::?-{2,}:?[ \t]*\|[ \t]*)+:?-*:?[ \t]*(?:\|[ \t]*)?$", re.M),
        "",
    ),
    (re.compile(r"(?:(?<!\s)\s+)?\|\s*"), " | "),
    (re.compile(r"(?<![\w*])(\*\*|__|\*|_)(?=\S)(.+?)(?<=\S)\1(?![\w*])"), r"\2"),
    (re.compile(r"^\s{0,3}>\s?", re.M), ""),
    (re.compile(r"\n{3,}"), "\n\n"),
)


def plain(markdown: str) -> str:
    """Markdown without link targets and emphasis: what is embedded and searched."""
    for pattern, replacement in _MARKUP:
        markdown = pattern.sub(replacement, markdown)
    return markdown.strip()
