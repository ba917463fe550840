"""YAML files whose every value knows its line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from settings.errors import Problem, SettingsError
from settings.variables import read_text

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
        """Whether the file itself sets the value at `location`."""
        node = self.root
        for step in location:
            if (found := _step(node, step)) is None:
                return False
            node = found[0]
        return node is not None


class _Loader(yaml.SafeLoader):
    """Names are text, so that a model may be called `on` or `7`; dates are text as well."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                key.tag = "tag:yaml.org,2002:str"
        return node


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _step(node: yaml.Node | None, step: int | str) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):  # what a merge brings stands first
            if key.value == str(step):
                return value, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        return node.value[step], node.value[step].start_mark.line + 1
    return None


def read_yaml(path: Path, shown: str) -> YamlFile:
    """Read a file that should hold a mapping; an empty one is an empty mapping.

    Raises SettingsError with file and line for broken YAML, a list at the top, or a key set twice.
    """
    text = read_text(path, shown)
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        problems = list(_repeated_keys(root, shown))
        data = loader.construct_document(root) if root and not problems else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{shown}:{mark.line + 1}" if mark else shown
        raise SettingsError([Problem(place, f"not YAML: {_reason(error)}")]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise SettingsError([Problem(f"{shown}:{line}", "not YAML: a control character")]) from None
    except RecursionError:
        raise SettingsError([Problem(shown, "not YAML that settings need: it is nested too deeply")]) from None
    except ValueError as error:
        raise SettingsError([Problem(shown, f"not YAML: {error}")]) from None
    if problems:
        raise SettingsError(problems)
    if data is None:
        return YamlFile(shown, {}, None)
    if not isinstance(data, dict):
        raise SettingsError([Problem(f"{shown}:1", "should hold `name: value` lines, not a list or a single value")])
    return YamlFile(shown, data, root)


def _reason(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or error.context or ""
    if "'\\t'" in problem:
        return "a tab: indent with spaces"
    return f"{error.context} {problem}" if error.context and problem.startswith("but ") else problem


def nodes(root: yaml.Node | None) -> Iterator[yaml.Node]:
    """Every node of a file once, names and values; aliases may make it a graph, even a circle."""
    left, seen = [root] if root else [], set[int]()
    while left:
        node = left.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            left += [part for pair in reversed(node.value) for part in reversed(pair)]
        elif isinstance(node, yaml.SequenceNode):
            left += reversed(node.value)


def _repeated_keys(root: yaml.Node | None, shown: str) -> Iterator[Problem]:
    """YAML silently takes the last of two equal keys; here it is a mistake."""
    for node in nodes(root):
        if not isinstance(node, yaml.MappingNode):
            continue
        first: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and key.value in first and key.value != "<<":
                message = f"{key.value} is set twice (first in line {first[key.value]})"
                yield Problem(f"{shown}:{line}", message)
            if isinstance(key, yaml.ScalarNode):
                first.setdefault(key.value, line)


def show_location(location: Location) -> str:
    """`routes.answer[1]`."""
    shown = ""
    for step in location:
        shown += f"[{step}]" if isinstance(step, int) else f".{step}" if shown else step
    return shown
