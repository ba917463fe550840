"""Mistakes in the settings about documents: sources, audiences, links."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from settings.errors import Problem
from settings.misspelt import instead
from settings.yaml_file import Location

if TYPE_CHECKING:
    from settings.load import Settings

_SOURCE_NAME = re.compile(r"([a-z][a-z0-9-]{0,30}):")
_PLACES = ("path", "stem", "line", "page")


def document_problems(settings: "Settings") -> Iterator[Problem]:
    """A line for every mistake that would lose a document, point nowhere, or show it to the wrong people."""
    knowledge = settings.knowledge
    names: set[str] = set()
    for number, source in enumerate(knowledge.sources):
        at = ("knowledge", "sources", number)
        if source.name in names:
            yield settings.problem((*at, "name"), f"{source.name!r} is taken by another source: names are unique")
        names.add(source.name)
        yield from _groups(settings, (*at, "audience"), source.audience)
        yield from _link(settings, (*at, "link"), source.link)
    yield from _folders(settings)
    yield from _link(settings, ("knowledge", "link"), knowledge.link)
    for pattern, groups in knowledge.audience.items():
        at_pattern = ("knowledge", "audience", pattern)
        if not groups:
            yield settings.problem(at_pattern, "names no group: write who may read it, or [everyone]")
        yield from _groups(settings, at_pattern, groups)
        named = _SOURCE_NAME.match(pattern)
        if named is not None and named[1] not in names:
            yield settings.problem(at_pattern, f"there is no source {named[1]!r}{instead(named[1], sorted(names))}")
        if not pattern.strip() or pattern.startswith(("/", "./")):
            yield settings.problem(at_pattern, "write the file as it is shown: `policies/pay/*`, or `name:path`")


def _folders(settings: "Settings") -> Iterator[Problem]:
    """No file is read as two documents, and nothing of the home itself is a document."""
    home = settings.home
    real = [(home.documents.resolve(), "knowledge/docs")]
    for number, source in enumerate(settings.knowledge.sources):
        at = ("knowledge", "sources", number, "folder")
        try:
            folder = (home.root / Path(source.folder).expanduser()).resolve()
        except (OSError, RuntimeError, ValueError) as error:  # no such user, a zero byte, a loop of links
            yield settings.problem(at, f"cannot be a folder: {error}")
            continue
        for other, name in real:
            if _overlap(folder, other):
                yield settings.problem(at, f"lies in, or around, {name}: each file may belong to one source only")
        for own in (home.settings, home.data):
            if _overlap(folder, own.resolve()):
                yield settings.problem(at, f"lies in, or around, {own.name}/ of this home, which holds no documents")
        real.append((folder, f"the source {source.name}"))


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _groups(settings: "Settings", at: Location, groups: Sequence[str]) -> Iterator[Problem]:
    for number, group in enumerate(groups):
        if not group.strip() or group != group.strip() or "," in group:
            yield settings.problem(
                (*at, number), f"{group!r} is no group: one name an entry, without commas and outer spaces"
            )


def _link(settings: "Settings", at: Location, link: str | None) -> Iterator[Problem]:
    if link is None:
        return
    if not re.match(r"https?://[^\s/]", link) or re.search(r"\s", link):
        yield settings.problem(at, "should be an address such as https://wiki.example.com/{path}")
    for name in re.findall(r"\{([^{}]*)\}", link):
        if name not in _PLACES:
            known = instead(f"{{{name}}}", [f"{{{place}}}" for place in _PLACES])
            yield settings.problem(at, f"nothing is known as {{{name}}}{known}")
