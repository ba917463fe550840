"""Text as it comes in and goes out, the same for every platform."""

import re
import unicodedata
from collections.abc import Sequence

from plugins import Citation
from settings import UsageError

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2066-\u2069\ufeff]")


def clean_question(text: str, most_characters: int) -> str:
    """A question without control characters and surrounding space.

    Raises UsageError where nothing is left, or where it is longer than `most_characters`.
    """
    text = _CONTROL.sub("", unicodedata.normalize("NFC", text.replace("\r\n", "\n"))).strip()
    text = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates, from undecodable arguments
    if not text:
        raise UsageError("the question is empty: type what you would like to know")
    if len(text) > most_characters:
        raise UsageError(
            f"the question has {len(text):,} characters, the limit is {most_characters:,} "
            "(assistant.yaml: question_characters): ask about the main point"
        )
    return text


def printable(text: str) -> str:
    """Text for a terminal: documents must not be able to move the cursor or change colours."""
    return _CONTROL.sub("", text)


def printable_json(text: str) -> str:
    """JSON for a terminal: the same characters, written as escapes."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def place_of(citation: Citation) -> str:
    """Where a citation points: `policies/annual-leave.md:42`, or a page."""
    passage = citation.passage
    if passage.page is not None:
        return f"{passage.source}, page {passage.page}"
    return f"{passage.source}:{passage.line}" if passage.line is not None else passage.source


def footnotes(citations: Sequence[Citation]) -> str:
    """The sources of an answer, a line each."""
    lines = []
    for citation in citations:
        title = " > ".join(part for part in (citation.passage.title, citation.passage.heading) if part)
        link = f" {citation.passage.link}" if citation.passage.link else ""
        lines.append(f"[{citation.number}] {title} ({place_of(citation)}){link}")
    return "\n".join(lines)


_MENTION = re.compile(r"@(?=everyone|here|channel|group|team|all)|<(?=[!@#][^>\s]|[@&!]{1,2}\d)", re.I)


def harmless(text: str) -> str:
    """Text that calls nobody, whatever a document or a model says: marks of mentions are broken up."""
    return _MENTION.sub(lambda match: f"{match[0]}\u200b", text)


def sources(citations: Sequence[Citation]) -> str:
    """The sources below an answer in a chat, a line each, linked where there is a place to read them."""
    lines = []
    for citation in citations:
        passage = citation.passage
        title = (
            " > ".join(part for part in (passage.title, passage.heading) if part).replace("[", "(").replace("]", ")")
        )
        named = f"[{title}]({passage.link})" if passage.link else f"{title} (`{place_of(citation)}`)"
        lines.append(f"[{citation.number}] {named}")
    return "\n".join(lines)
