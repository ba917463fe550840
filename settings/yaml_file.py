"""YAML files whose every value knows its line."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from settings.errors import Problem, SettingsError

Location = Sequence[int | str]
"""A path into nested settings, as in pydantic's errors: `("routes", "answer", 1)`."""


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A parsed file. `shown` is its path as messages show it."""

    shown: str
    data: dict[str, Any]
    root: yaml.Node | None

    def line_of(self, location: Location) -> int:
        """1-based line of the deepest part of `location` that the file has."""
        node, line = self.root, 1
        for step in location:
            found = _step(node, step)
            if found is None:
                continue  # pydantic adds steps that no file has, such as the tag of a union
            node, line = found
        return line

    def place_of(self, location: Location) -> str:
        """`settings/models.yaml:7`."""
        return f"{self.shown}:{self.line_of(location)}"

    def has(self, location: Location) -> bool:
        """Whether the file itself sets the value at `location`, or a part of it."""
        return bool(location) and _step(self.root, location[0]) is not None


def _step(node: yaml.Node | None, step: int | str) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return value, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        return node.value[step], node.value[step].start_mark.line + 1
    return None


def read_yaml(path: Path, shown: str) -> YamlFile:
    """Read a file that should hold a mapping; an empty one is an empty mapping.

    Raises SettingsError with file and line for broken YAML, a list at the top, or a key set twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SettingsError([Problem(shown, "not UTF-8: save the file as UTF-8")]) from None
    except OSError as error:
        raise SettingsError([Problem(shown, f"cannot be read: {error.strerror}")]) from None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{shown}:{mark.line + 1}" if mark else shown
        raise SettingsError([Problem(place, f"not YAML: {error.problem or error.context}")]) from None
    except yaml.YAMLError:
        raise SettingsError([Problem(shown, "not YAML: it holds characters that YAML does not allow")]) from None
    except (ValueError, RecursionError) as error:
        raise SettingsError([Problem(shown, f"not YAML: {error}")]) from None
    if data is None:
        return YamlFile(shown, {}, None)
    if not isinstance(data, dict):
        raise SettingsError([Problem(f"{shown}:1", "should hold `name: value` lines, not a list or a single value")])
    if problems := list(_repeated_keys(root, shown)):
        raise SettingsError(problems)
    return YamlFile(shown, {str(key): value for key, value in data.items()}, root)


def _repeated_keys(node: yaml.Node | None, shown: str) -> list[Problem]:
    """YAML silently takes the last of two equal keys; here it is a mistake."""
    problems: list[Problem] = []
    if isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in first and key.value != "<<":
                problems.append(
                    Problem(f"{shown}:{line}", f"{key.value} is set twice (first in line {first[key.value]})")
                )
            first.setdefault(key.value, line)
            problems += _repeated_keys(value, shown)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            problems += _repeated_keys(item, shown)
    return problems


def show_location(location: Location) -> str:
    """`routes.answer[1]`."""
    shown = ""
    for step in location:
        shown += f"[{step}]" if isinstance(step, int) else f".{step}" if shown else step
    return shown
