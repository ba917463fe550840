"""The YAML block between `---` lines at the head of a document."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import yaml

from knowledge.documents import EVERYONE, DocumentError


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What the head of a file says of it; `lines` is how many lines it takes up."""

    title: str | None = None
    keywords: tuple[str, ...] = ()
    audience: tuple[str, ...] = (EVERYONE,)
    updated: date | None = None
    review_by: date | None = None
    lines: int = 0


def read_front_matter(text: str) -> FrontMatter:
    """Read the front matter of `text`, empty where there is none.

    Raises DocumentError where it is not readable: a document whose audience cannot be read must
    not be shown to everyone.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return FrontMatter()
    try:
        end = next(i for i, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "..."))
    except StopIteration:
        return FrontMatter()
    try:
        data = yaml.safe_load("\n".join(lines[1:end]))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise DocumentError(f"line {line}: the front matter is not YAML: {error.problem}") from None
    except yaml.YAMLError:
        raise DocumentError("line 1: the front matter is not YAML") from None
    if data is None:
        return FrontMatter(lines=end + 1)
    if not isinstance(data, dict):
        return FrontMatter()  # a horizontal rule, some text, another rule
    return FrontMatter(
        title=_text(data.get("title")),
        keywords=_names(data, "keywords") + _names(data, "tags"),
        audience=_audience(data),
        updated=_date(data, "updated"),
        review_by=_date(data, "review_by"),
        lines=end + 1,
    )


def _text(value: object) -> str | None:
    return " ".join(str(value).split()) or None if value is not None else None


def _names(data: dict[Any, Any], key: str) -> tuple[str, ...]:
    """A list of names, or one comma-separated string."""
    value = data.get(key)
    items = value if isinstance(value, list) else str(value).split(",") if value is not None else []
    return tuple(name for item in items if (name := " ".join(str(item).split())))


def _audience(data: dict[Any, Any]) -> tuple[str, ...]:
    if "audience" not in data:
        return (EVERYONE,)
    names = _names(data, "audience")
    if not names:
        raise DocumentError(f"front matter: audience is empty: name the groups, or write '{EVERYONE}'")
    return names


def _date(data: dict[Any, Any], key: str) -> date | None:
    value = data.get(key)
    if value is None or isinstance(value, date):
        return value.date() if isinstance(value, datetime) else value
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        raise DocumentError(f"front matter: {key}: {value!r} is not a date: write YYYY-MM-DD") from None
