"""Where documents come from, and what the settings say of each: who may read it, where it can be opened.

A document is shown as its path below `knowledge/docs`, one of another source as `name:path`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

from knowledge.documents import EVERYONE
from knowledge.lint.checks import quarantine_rule
from settings.home import Home
from settings.sections import KnowledgeSettings


def any_of(patterns: Sequence[str], flags: int = 0) -> re.Pattern[str]:
    """One expression for many shell patterns: a walk looks at every name of a large tree.

    A pattern that names a folder fits everything below it: `policies/pay` and `policies/pay/` are as
    good as `policies/pay/*`, because a restriction that silently fits nothing makes documents public.
    """
    both = [form for pattern in patterns for form in (pattern, f"{pattern.rstrip('/')}/*")]
    return re.compile("|".join(map(translate, both)) or r"(?!)", flags)


@dataclass(frozen=True, slots=True)
class Source:
    """One folder of documents. The folder `knowledge/docs` has no name."""

    name: str
    folder: Path
    audience: tuple[str, ...]
    link: str | None
    included: re.Pattern[str]
    excluded: re.Pattern[str]

    @property
    def root(self) -> str:
        """What the shown names of its documents begin with."""
        return f"{self.name}:" if self.name else ""

    def takes(self, path: str) -> bool:
        """Whether a file, by its path below the folder, is to be read."""
        return self.included.match(path) is not None and self.excluded.match(path) is None


class Sources:
    """All folders of a home, `knowledge/docs` first."""

    def __init__(self, home: Home, knowledge: KnowledgeSettings) -> None:
        self.home = home
        self._lint = knowledge.lint
        docs = Source("", home.documents, (), knowledge.link, any_of(["*"]), any_of(knowledge.ignore))
        others = [
            Source(
                entry.name,
                home.root / Path(entry.folder).expanduser(),
                tuple(entry.audience),
                entry.link,
                any_of(entry.include or ["*"]),
                any_of(entry.exclude),
            )
            for entry in knowledge.sources
        ]
        self._sources = {source.name: source for source in (docs, *others)}
        self._patterns = [
            (pattern, any_of([pattern]).match, tuple(groups)) for pattern, groups in knowledge.audience.items()
        ]
        self._last_wins = [(match, groups) for _, match, groups in reversed(self._patterns)]

    def __iter__(self) -> Iterator[Source]:
        return iter(self._sources.values())

    def split(self, shown: str) -> tuple[Source, str]:
        """The source of a document and its path there."""
        name, colon, path = shown.partition(":")
        if colon and name and name in self._sources:
            return self._sources[name], path
        return self._sources[""], shown

    def audience(self, shown: str) -> tuple[str, ...]:
        """Who may read a document that does not say so itself: the last pattern that fits, else its source's."""
        for match, groups in self._last_wins:
            if match(shown):
                return groups
        return self.split(shown)[0].audience or (EVERYONE,)

    def rule(self, shown: str) -> str:
        """A digest of what the settings say about a document; another one means that it has to be read again."""
        return f"{_rule(self.split(shown)[0].name, self.audience(shown))}:{quarantine_rule(self._lint, shown)}"

    def allows(self, shown: str, rule: str) -> bool:
        """Whether a version that was made under `rule` may be shown: its readers are still the same."""
        return same_readers(rule, f"{_rule(self.split(shown)[0].name, self.audience(shown))}:")

    def changed_hands(self, shown: str, rule: str) -> bool:
        """Whether a document was of another source when `rule` was made: of one that is no longer there."""
        return rule.partition(":")[0] != self.split(shown)[0].name

    def takes(self, shown: str) -> bool:
        """Whether the settings want this document: its source is there, and its patterns let it in."""
        source, path = self.split(shown)
        return source.takes(path)

    def link(self, shown: str, line: int | None = None, page: int | None = None) -> str:
        """The address of a place in a document, empty where its source has no template."""
        source, path = self.split(shown)
        if source.link is None or path.startswith("../"):
            return ""
        stem = path.rpartition(".")[0] if "." in path.rpartition("/")[2] else path
        values = {"path": quote(path), "stem": quote(stem), "line": str(line or 1), "page": str(page or 1)}
        return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), source.link)

    def idle_patterns(self, documents: Iterable[str]) -> list[str]:
        """Patterns of `audience` that fit no document: a slip, most likely, and what it was to restrict is open."""
        idle = self._patterns
        for shown in documents:
            if not idle:
                break
            idle = [entry for entry in idle if not entry[1](shown)]
        return [pattern for pattern, _, _ in idle]


LIMITS = "+"
"""Stands in a rule before the limits under which the file could not be read."""


def same_readers(rule: str, other: str) -> bool:
    """Whether two rules say the same of who may read a document, whatever else they say."""
    return rule.rpartition(":")[0] == other.rpartition(":")[0]


@lru_cache(maxsize=1024)
def _rule(name: str, audience: tuple[str, ...]) -> str:
    """The source's name, and a digest of the audience."""
    said = json.dumps(sorted(set(audience))).encode("utf-8", "replace")
    return f"{name}:{blake2b(said, digest_size=8).hexdigest()}"
