"""The YAML block between `---` lines at the head of a document."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import yaml

from knowledge.documents import EVERYONE, AudienceUnknown, Block, Document, Heading
from settings.misspelt import near


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What the head of a file says of it; `lines` is how many lines it takes up."""

    title: str | None = None
    keywords: tuple[str, ...] = ()
    audience: tuple[str, ...] | None = None
    updated: date | None = None
    review_by: date | None = None
    lines: int = 0

    def document(
        self, title: str, blocks: Sequence[Block], outline: Sequence[Heading] = (), pages: int | None = None
    ) -> Document:
        """The document that this stands at the head of; its title is no heading of its own any more."""
        title = title if len(title) <= _LONGEST_TITLE else f"{title[:_LONGEST_TITLE].rstrip()}…"
        return Document(
            title=title,
            blocks=tuple(_without_title(block, title) for block in blocks),
            keywords=self.keywords,
            audience=self.audience,
            updated=self.updated,
            review_by=self.review_by,
            outline=tuple(outline),
            pages=pages,
        )


def _without_title(block: Block, title: str) -> Block:
    if block.headings and block.headings[0].casefold() == title.casefold():
        return replace(block, headings=block.headings[1:])
    return block


def read_front_matter(text: str) -> FrontMatter:
    """Read the front matter of `text`, empty where there is none.

    Raises AudienceUnknown where it is not readable: a document whose audience cannot be read must
    not be shown to everyone.
    """
    lines = text.split("\n")
    start = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if lines[start].rstrip() != "---":
        return FrontMatter()
    end = next((i for i, line in enumerate(lines[start + 1 :], start + 1) if line.rstrip() in ("---", "...")), None)
    if end is None:
        return FrontMatter()
    try:
        front = _fields(_data("\n".join(lines[start + 1 : end]), start + 2), end + 1)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + start + 2 if error.problem_mark else start + 1
        raise AudienceUnknown(f"line {line}: the front matter is not YAML: {error.problem}") from None
    except yaml.YAMLError:
        raise AudienceUnknown(f"line {start + 1}: the front matter is not YAML") from None
    except ValueError as error:  # a date such as 2026-02-30, a number without end
        what = str(error).partition(";")[0]
        raise AudienceUnknown(f"line {start + 1}: the front matter has a value that cannot be: {what}") from None
    return front


def _fields(data: object, lines: int) -> FrontMatter:
    if data is None:
        return FrontMatter(lines=lines)
    if not isinstance(data, dict):
        return FrontMatter()  # a horizontal rule, some text, another rule
    return front_matter_of(data, lines)


def _data(text: str, line: int) -> object:
    """The values of a YAML text which begins on this line of the file.

    Raises AudienceUnknown for what multiplies without end, and for a field that is there twice: of two audiences
    the last would count.
    """
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        at = line + (event.start_mark.line if event.start_mark else 0)
        if isinstance(event, yaml.AliasEvent):
            raise AudienceUnknown(
                f"line {at}: the front matter refers to itself (*{event.anchor}): write the value out"
            )
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise AudienceUnknown(f"line {at}: the front matter is nested over {_DEEPEST} deep: write it flat")
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        seen: set[str] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            name = str(key.value).strip().lower()
            if name in seen:
                raise AudienceUnknown(f"line {line + key.start_mark.line}: {name} is there twice: leave one of them")
            seen.add(name)
        return loader.construct_document(node) if node is not None else None
    finally:
        loader.dispose()


def front_matter_of(data: Mapping[Any, Any], lines: int = 0) -> FrontMatter:
    """What the fields at the head of a file say, be they YAML or the `<meta>` tags of a page."""
    data = {str(key).strip().lower(): value for key, value in data.items()}
    for name in data:
        if name != "audience" and near(name, ["audience"], _SURELY):
            raise AudienceUnknown(f"front matter: there is no field {name[:40]}: write audience")
    return FrontMatter(
        title=_text(data.get("title")),
        keywords=tuple(dict.fromkeys(_names(data, "keywords") + _names(data, "tags"))),
        audience=_audience(data),
        updated=_date(data, "updated"),
        review_by=_date(data, "review_by"),
        lines=lines,
    )


_SURELY = 0.8
"""So near to `audience`, by difflib's ratio, a field is a slip of it."""
_DEEPEST = 20
_LONGEST_TITLE = 200
_LOOKS_LIKE_FIELD = re.compile(r"""^\s*(?:[-*+]\s+)?["']?([\w-]{6,12})["']?\s*[:=]""")
_HEAD = 25
"""Lines at the top of a file in which an audience may have been meant."""


def refuse_stray_audience(text: str, front: FrontMatter) -> None:
    """Raise AudienceUnknown where the head of a file names an audience in a way that is not read.

    A misspelt name, a dash too many, TOML, a block that is not closed: whatever the slip, a document
    that was meant for some must not be shown to all.
    """
    if front.audience not in (None, (EVERYONE,)):
        return
    for number, line in enumerate(text.split("\n")[:_HEAD], start=1):
        field = _LOOKS_LIKE_FIELD.match(line) if number > front.lines else None
        if field is not None and near(field[1], ["audience"], _SURELY):
            raise AudienceUnknown(
                f"line {number} names an audience outside the front matter: put `audience: [group]` between two lines "
                '`---` at the very top (in HTML: a <meta name="audience"> tag)'
            )


def _text(value: object) -> str | None:
    """A title; what is none, such as one for each language, is as good as no title."""
    return " ".join(str(value).split()) or None if value is not None and not isinstance(value, list | dict) else None


def _names(data: Mapping[Any, Any], key: str) -> tuple[str, ...]:
    """A list of names, or one comma-separated string."""
    value = data.get(key)
    if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, list | dict) for item in value)):
        raise AudienceUnknown(f"front matter: {key}: write names, as a list or with commas between them")
    items = value if isinstance(value, list) else str(value).split(",") if value is not None else []
    return tuple(name for item in items if (name := " ".join(str(item).split())))


def _audience(data: Mapping[Any, Any]) -> tuple[str, ...] | None:
    if "audience" not in data:
        return None
    names = _names(data, "audience")
    given = data["audience"]
    if any(isinstance(value, bool) for value in (given if isinstance(given, list) else [given])):
        raise AudienceUnknown("front matter: audience: YAML takes yes, no, on and off for no names: put them in quotes")
    if not names:
        raise AudienceUnknown(f"front matter: audience is empty: name the groups, or write '{EVERYONE}'")
    return names


def _date(data: Mapping[Any, Any], key: str) -> date | None:
    value = data.get(key)
    if value is None or value == "" or isinstance(value, date):
        return value.date() if isinstance(value, datetime) else value or None
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        raise AudienceUnknown(f"front matter: {key}: {value!r} is not a date: write YYYY-MM-DD") from None
