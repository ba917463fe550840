"""The form of a document: text that is missing, titles, headings, tables, characters."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from knowledge.documents import count_words, plain
from knowledge.lint.findings import Finding, Line, Subject, shown

_FEW_WORDS = 15
_FEW_A_PAGE = 20
_FEW_A_SLIDE = 3
"""Slides, and pages that end early, are short by themselves."""
_EMPTY_PAGE = 3
_LONG = 15_000
"""Words; about 50 printed pages."""


def empty(subject: Subject) -> Iterator[Finding]:
    """Hardly any text: a scan, a stub, a page that only leads elsewhere."""
    document = subject.document
    words = Counter[int | None]()
    for block in document.blocks:
        words[block.page] += count_words(block.text)
    total = sum(words.values())
    is_pdf = subject.source.lower().endswith(".pdf")
    if document.pages and total < (_FEW_A_PAGE if is_pdf else _FEW_A_SLIDE) * document.pages:
        few = f"{total} word{'s' * (total != 1)} on {document.pages} page{'s' * (document.pages > 1)}"
        fix = "run text recognition (OCR) over it" if is_pdf else "write down what the pictures show"
        yield subject.find("empty", "warning", f"{few}: perhaps pictures of text", f"{fix}, or drop the original file")
    elif total < _FEW_WORDS:
        fix = "write what people would ask about here, or remove the file"
        yield subject.find("empty", "warning", f"only {total} word{'s' * (total != 1)} of text", fix)
    elif document.pages:
        bare = [page for page in range(1, document.pages + 1) if words[page] < _EMPTY_PAGE]
        if len(bare) >= 2:
            reason = f"{len(bare)} of {document.pages} pages without text, the first is page {bare[0]}"
            fix = "if they hold pictures of text, run text recognition (OCR) over the file"
            yield subject.find("empty", "note", reason, fix, Line("", page=bare[0]))


def title(subject: Subject) -> Iterator[Finding]:
    """A title that says nothing: it is in every passage that is searched, and in every citation."""
    name = subject.document.title.strip()
    fix = "give it a title that says what it is about, in its properties, front matter or first heading"
    if _GENERIC.fullmatch(name) or not any(char.isalnum() for char in name):
        yield subject.find("title", "warning", f"the title {shown(name)!r} says nothing of the content", fix)
    elif len(name) > 150:
        yield subject.find("title", "note", f"the title has {len(name)} characters", fix)
    elif re.fullmatch(r"[\w.-]+\.(?:docx?|pdf|pptx?|xlsx?|md|html?|txt|indd|qxd)", name, re.I):
        yield subject.find("title", "note", f"the title {shown(name)!r} is the name of a file", fix)


_GENERIC = re.compile(
    r"(?:microsoft (?:word|powerpoint|excel) - )?(?:untitled|unbenannt|sans titre|sin título|senza titolo"
    r"|document|dokument"
    r"|presentation|präsentation|powerpoint[ -]?presentation|new (?:text )?document|neues dokument|slide|page"
    r"|seite|sheet|tabelle|title"
    r"|test|readme|index|home|draft|copy of)[\s_-]*\(?\d*\)?",
    re.I,
)


def heading_without_text(subject: Subject) -> Iterator[Finding]:
    """A heading that nothing stands below: promised, and never written."""
    outline, blocks = subject.document.outline, subject.document.blocks
    texts = sorted(block.line for block in blocks if block.line is not None)
    filled = Counter(text for block in blocks for text in dict.fromkeys(block.headings))
    named = Counter(heading.text for heading in outline)
    kind = PurePath(subject.source).suffix.lower()
    guessed = kind in (".txt", ".text")
    for heading, following in zip(outline, (*outline[1:], None), strict=False):
        deeper = following is not None and (guessed or following.level > heading.level)
        if deeper or heading.text == subject.document.title:
            continue
        end = following.line if following is not None else None
        if heading.line is None or heading.line == end:  # no lines, or all of a page in one
            marked = kind in _MARKED or heading.line is not None
            if not marked or heading is outline[0] or filled[heading.text] or named[heading.text] > 1:
                continue
        elif _has(texts, heading.line, end) or (filled[heading.text] and heading.line in texts):
            continue
        fix = "write the section, or remove its heading"
        place = Line(heading.text, heading.line, heading.page)
        yield subject.find("heading-without-text", "note", f"nothing below {shown(heading.text)!r}", fix, place)


_MARKED = (".docx", ".docm", ".dotx", ".odt")
"""Types without lines whose headings were made by the author, not guessed, and are no titles of slides or sheets."""


def _has(lines: Sequence[int], after: int, before: int | None) -> bool:
    """Whether one of the sorted lines is between two others."""
    place = bisect_right(lines, after)
    return place < len(lines) and (before is None or lines[place] < before)


def large_table(subject: Subject) -> Iterator[Finding]:
    """A table that has to be cut: its rows are found apart from each other."""
    for block in subject.document.blocks:
        if block.kind == "table" and (words := count_words(plain(block.text))) > subject.chunk_words:
            rows = block.text.count("\n") - 1
            if words > 3 * subject.chunk_words:
                yield subject.find(
                    "large-table",
                    "note",
                    f"a table of {rows} rows and {words} words is cut into parts of {subject.chunk_words}",
                    "split it by what people ask for, each part under a heading of its own",
                    Line("", block.line, block.page),
                )


def long(subject: Subject) -> Iterator[Finding]:
    """A document of many subjects: its title says little about each, and a citation points far."""
    words = sum(count_words(block.text) for block in subject.document.blocks)
    if words > _LONG:
        fix = "split it into a document a subject, each with a title that says which"
        yield subject.find("long", "note", f"{words:,} words in one document", fix)


_MOJIBAKE = re.compile(r"Ã[\u0080-\u00bf¤©¨¶¼Ÿ„–]|â€[™œ\u009d“”¦˜]|Â[ £§°·«»]|ï»¿|\ufffd|[\u0080-\u009f]")
_PRIVATE_USE = re.compile("[\ue000-\uf8ff]")


def characters(subject: Subject) -> Iterator[Finding]:
    """Letters broken by a wrong encoding, signs of a font that is not there."""
    broken, first, letters = 0, None, 0
    for line in subject.texts:
        letters += len(line.text)
        if line.text.isascii():
            continue
        count = len(_MOJIBAKE.findall(line.text)) + len(_PRIVATE_USE.findall(line.text))
        broken += count
        if count and first is None:
            match = _MOJIBAKE.search(line.text) or _PRIVATE_USE.search(line.text)
            first = line.at(match.start() if match else 0)
    if broken >= 3:
        severity = "warning" if broken * 200 > letters else "note"
        fix = "save the original as UTF-8 and drop it here again"
        yield subject.find("characters", severity, f"{broken} broken characters (such as Ã¼ for ü)", fix, first)  # type: ignore[arg-type]
