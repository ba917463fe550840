"""Where a plugin comes from: ours, a file in the home's `plugins/`, an installed package, or a dotted path."""

import asyncio
import importlib
import inspect
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from plugins.contract import Plugin, plugin_of
from settings import Home, Problem
from settings.home import CHECKOUT
from settings.misspelt import instead

GROUP = "deskhand.plugins"
"""The group of entry points that a package names its plugins in."""


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin's class, and where it is from."""

    plugin: type[Plugin[Any]]
    origin: str


class NotFound(Exception):
    """There is no such plugin; `problem` is set where its own file is to blame."""

    def __init__(self, message: str, problem: Problem | None = None) -> None:
        super().__init__(message)
        self.problem = problem


def find_plugin(name: str, shipped: dict[str, type[Plugin[Any]]], home: Home) -> Found:
    """A plugin by the name that the list gives it; raises NotFound."""
    if ":" in name:
        return _dotted(name)
    file = home.plugins / f"{name}.py"
    own = name.isidentifier() and file.is_file() and not (name in shipped and home.root == CHECKOUT)
    packaged = [point for point in _entry_points() if point.name == name]
    places = [*(["Deskhand itself"] if name in shipped else []), *([home.shown(file)] if own else [])]
    places += [_package(point) for point in packaged]
    if len(places) > 1:
        ways = [f"remove {home.shown(file)}"] if own else []
        ways += [f"`pip uninstall {point.dist.name}`" for point in packaged if point.dist is not None]
        raise NotFound(
            f"{name!r} is ambiguous: it is in {' and in '.join(places)}: {', or '.join(ways)}, or rename one"
        )
    if own:
        return Found(load_file(file, home.shown(file)), home.shown(file))
    if packaged:
        return _from_entry_point(packaged[0])
    if name in shipped:
        return Found(shipped[name], "shipped")
    known = [*shipped, *_files(home), *sorted({point.name for point in _entry_points()})]
    raise NotFound(f"no plugin named {name!r}{instead(name, known)}")


def load_file(file: Path, shown: str) -> type[Plugin[Any]]:
    """The plugin of a file: the class that it defines, or where there is none, the function of the file's name.

    The file is run anew each time, so that an edit counts. Raises NotFound with the place in the file.
    """
    module = ModuleType(f"deskhand_home_plugins.{file.stem}")
    module.__file__ = str(file)
    before = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = module  # pydantic and dataclasses look their annotations up there
    try:
        source = file.read_text(encoding="utf-8")
        exec(compile(source, str(file), "exec"), vars(module))  # noqa: S102  # running it is what is asked for
        return _plugin_in(module, file.stem, shown)
    except BaseException as error:
        if sys.modules.get(module.__name__) is module:  # else another one has taken its place meanwhile
            if before is not None:
                sys.modules[module.__name__] = before
            else:
                del sys.modules[module.__name__]
        if isinstance(error, NotFound) or not isinstance(error, Exception | SystemExit):
            raise
        raise NotFound(
            "", Problem(f"{shown}:{_line_in(error, file)}", f"{type(error).__name__}: {_said(error)}")
        ) from error


def _plugin_in(module: ModuleType, name: str, shown: str) -> type[Plugin[Any]]:
    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Plugin) and value.__module__ == module.__name__
    ]
    own = [value for value in own if not any(issubclass(other, value) for other in own if other is not value)]
    if len(own) == 1:
        return own[0]
    if len(own) > 1:
        names = ", ".join(sorted(value.__name__ for value in own))
        raise NotFound("", Problem(f"{shown}:1", f"defines several plugins ({names}): a file holds one"))
    function = getattr(module, name, None)
    if asyncio.iscoroutinefunction(function):
        return _from_function(function, shown)
    raise NotFound(
        "", Problem(f"{shown}:1", f"defines no plugin: write `async def {name}(turn, call_next)` or a class")
    )


def _from_function(function: Any, shown: str) -> type[Plugin[Any]]:
    if len(inspect.signature(function).parameters) != 2:
        line = function.__code__.co_firstlineno
        raise NotFound("", Problem(f"{shown}:{line}", f"a plugin is `async def {function.__name__}(turn, call_next)`"))
    return plugin_of(function)


def _dotted(name: str) -> Found:
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute, None)
    except (Exception, SystemExit) as error:  # a module of somebody else's can fail in any way
        raise NotFound(f"no plugin named {name!r}: {type(error).__name__}: {error}") from error
    plugin = _as_plugin(found)
    if plugin is None:
        raise NotFound(f"no plugin named {name!r}: {module} has no plugin class {attribute!r}")
    return Found(plugin, name)


def _from_entry_point(point: EntryPoint) -> Found:
    try:
        plugin = _as_plugin(point.load())
    except (Exception, SystemExit) as error:
        raise NotFound(
            f"plugin {point.name!r} of {_package(point)} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if plugin is None:
        raise NotFound(f"plugin {point.name!r} of {_package(point)}: {point.value} is no plugin")
    return Found(plugin, _package(point))


def _as_plugin(found: object) -> type[Plugin[Any]] | None:
    if isinstance(found, type) and issubclass(found, Plugin):
        return found
    if asyncio.iscoroutinefunction(found) and len(inspect.signature(found).parameters) == 2:
        return plugin_of(found)
    return None


def _entry_points() -> list[EntryPoint]:
    return list(entry_points(group=GROUP))


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.value


def _files(home: Home) -> Iterator[str]:
    """Names of the home's own; the checkout's folder is our room."""
    if home.root != CHECKOUT and home.plugins.is_dir():
        for path in sorted(home.plugins.glob("*.py")):
            if not path.name.startswith(("_", "test_")) and path.stem != "conftest":
                yield path.stem


def defined_at(plugin: Plugin[Any]) -> str:
    """`file:line` of what is called with a question: the function, or the method of the class."""
    code = getattr(type(plugin).__call__, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else type(plugin).__name__


def place_in(error: BaseException, plugin: object) -> str:
    """`file:line` of the plugin's own code where it went wrong; empty where that is not known."""
    kind = plugin if isinstance(plugin, type) else type(plugin)
    module = sys.modules.get(kind.__module__)
    file = getattr(module, "__file__", None)
    while error.__cause__ is not None and not _frames_in(error, file):
        error = error.__cause__
    frames = _frames_in(error, file)
    return f"{file}:{frames[-1].lineno}" if frames else ""


def _frames_in(error: BaseException, file: str | None) -> list[traceback.FrameSummary]:
    return [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]


def _said(error: BaseException) -> str:
    """What an error says, without the place that Python puts behind it: it is told before."""
    return error.msg if isinstance(error, SyntaxError) else str(error)


def _line_in(error: BaseException, file: Path) -> int:
    """The line of the file where it went wrong."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return error.lineno or 1
    frames = _frames_in(error, str(file))
    return frames[-1].lineno or 1 if frames else 1
