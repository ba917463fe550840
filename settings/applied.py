"""What of the settings is in force: kept in `data/`, so that a change can be shown before it is made.

The record holds values and no secrets: settings name their secrets, and what looks or is named like one
is masked all the same.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from settings.home import Home
from settings.load import SECTIONS, Settings
from settings.masking import MASK, mask

_SECRET = re.compile(r"(?:^|[_-])(?:key|secret|token|password|authorization|webhook)$", re.I)
_FILE = "applied-settings.json"
_FROM_THE_START = (("bots",), ("knowledge", "store"))
"""What only a new start takes up; everything else is in force as soon as it is saved."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs. `place` is where the new one stands; None means that there is none."""

    place: str
    setting: str
    old: Any
    new: Any
    restart: bool

    def __str__(self) -> str:
        when = " (after a restart)" if self.restart else ""
        return f"{self.place}: {self.setting}: {_shown(self.old)} -> {_shown(self.new)}{when}"


def record_applied(settings: Settings) -> None:
    """Note that these settings are in force now."""
    settings.home.data.mkdir(parents=True, exist_ok=True)
    path = settings.home.data / _FILE
    record = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "settings": _dump(settings)}
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(path)


def applied_at(home: Home) -> str | None:
    """When settings were last put in force; None where they never were."""
    record = _read(home)
    return str(record["at"]) if record else None


def changes(settings: Settings) -> list[Change]:
    """What these settings change of those in force; everything counts from the defaults where none were."""
    record = _read(settings.home)
    defaults = {name: section().model_dump(mode="json") for name, section in SECTIONS.items()}
    old = record["settings"] if record else {**defaults, "files": {}}
    found = []
    for path, before, after in _differences(old, _dump(settings)):
        place = settings.problem(path, "").place
        setting = ".".join(str(step) for step in path)
        found.append(Change(place, setting, before, after, restart=_waits(path)))
    return found


def in_force(saved: Settings, before: Settings) -> tuple[Settings, list[str]]:
    """Saved settings as they can be taken up now, and the names of those that wait for a new start."""
    store = saved.knowledge.store
    waiting = ["bots.yaml"] if saved.bots != before.bots else []
    waiting += ["store in knowledge.yaml"] if store != before.knowledge.store else []
    knowledge = saved.knowledge.model_copy(update={"store": before.knowledge.store})
    return replace(saved, bots=before.bots, knowledge=knowledge), waiting


def _waits(path: tuple[str, ...]) -> bool:
    return any(path[: len(start)] == start for start in _FROM_THE_START)


def _dump(settings: Settings) -> dict[str, Any]:
    values = {name: getattr(settings, name).model_dump(mode="json") for name in SECTIONS}
    files = {}
    for path in sorted(settings.home.settings.rglob("*.md")) if settings.home.settings.is_dir() else []:
        files[settings.home.shown(path)] = blake2b(path.read_bytes(), digest_size=6).hexdigest()
    masked: dict[str, Any] = _masked({**values, "files": files})
    return masked


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: MASK if _SECRET.search(name) and inner else _masked(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return mask(value) if isinstance(value, str) else value


def _read(home: Home) -> Any:
    try:
        return json.loads((home.data / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _differences(old: Any, new: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            yield from _differences(old.get(name), new.get(name), (*path, name))
    elif old != new:
        yield path, old, new


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}..."
