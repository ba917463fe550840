"""Write `docs/plugins/reference.md`: what plugin authors can use, as the code says it.

`python -m docs.make_reference` in an installed checkout.
"""

import inspect
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

import deskhand
from deskhand import testing
from plugins import contract
from plugins.contract import Plugin
from plugins.declarations import checks_of, commands_of, jobs_of
from plugins.loading import SHIPPED
from plugins.models import Models

PAGE = Path(__file__).resolve().parent / "plugins" / "reference.md"

_FIXTURES = ("chain", "knowledge", "models", "slack", "discord")
_MODULE = re.compile(r"\b(?:[a-z_]+\.)+(?=[A-Z])")
"""The modules before a class's name."""


def main() -> None:
    """Write the page."""
    PAGE.write_text(reference(), encoding="utf-8")


def reference() -> str:
    """The page's text."""
    lines = [
        "# Reference for plugin authors",
        "",
        "Written by `python -m docs.make_reference` from the code. To begin, read the [tutorial](tutorial.md).",
        "",
        "## Names",
        "",
        "`from deskhand import ...`. A name goes only after a release in which its use gives a DeprecationWarning.",
        "",
    ]
    for name in sorted(deskhand.__all__, key=str.lower):
        lines += _name(name, getattr(deskhand, name))
    lines += _models()
    lines += ["## Test kit", "", "`from deskhand.testing import ...`; the fixtures come with", "",
              "```python", 'pytest_plugins = ["deskhand.testing"]', "```", "",
              "in a `conftest.py`.", "", "| fixture | |", "|---|---|"]  # fmt: skip
    for name in _FIXTURES:
        function = getattr(testing, name)
        lines.append(f"| `{name}` | {_joined(inspect.getdoc(function))} |")
    lines.append("")
    for name in sorted(set(testing.__all__) - {*_FIXTURES, "pytest_configure"}, key=str.lower):
        lines += _name(name, getattr(testing, name))
    lines += ["## Plugins that ship", "", "What each is for, and where it stands: [the list](README.md).", ""]
    for name, plugin in SHIPPED.items():
        lines += _plugin(name, plugin)
    return "\n".join(lines).rstrip() + "\n"


def _models() -> Iterator[str]:
    """What a plugin does with models, of all that they can."""
    yield from ("## Models", "")
    yield "`context.models`, the models of `models.yaml` by route. A plugin names the routes that it needs in `routes`."
    yield 'Messages are `[{"role": "user", "content": "..."}]`. What is asked counts for the budget, and is told in the'
    yield from ("trace of the turn that is given.", "")
    for line in _members(Models):
        if re.match(r"- `(async )?(configured|complete|stream)\(", line):
            yield line
    yield ""


def _name(name: str, value: Any) -> Iterator[str]:
    """One exported name: signature, docstring, and what it has."""
    yield from (f"### {name}", "")
    if typing.get_origin(value) is not None or not (inspect.isclass(value) or inspect.isfunction(value)):
        yield from (f"`{name} = {_type(value)}`", "", _alias_doc(name), "")
        return
    yield from ("```python", _signature(name, value), "```", "")
    if text := _own_doc(value):
        yield from (text, "")
    members = list(_members(value)) if inspect.isclass(value) else []
    if members:
        yield from (*members, "")


def _signature(name: str, value: Any) -> str:
    if inspect.isfunction(value):
        return _called(name, inspect.signature(value))
    if getattr(value, "_is_protocol", False) and "__call__" in vars(value):
        return _called(name, inspect.signature(value.__call__))
    if "__init__" not in vars(value) or getattr(value, "_is_protocol", False) or name.startswith("Fake"):
        bases = [base.__name__ for base in value.__bases__ if base in (Exception, deskhand.Options)]
        return f"class {name}{f'({bases[0]})' if bases else ''}"
    return _called(name, inspect.signature(value.__init__).replace(return_annotation=inspect.Signature.empty))


def _called(name: str, signature: inspect.Signature) -> str:
    """How something is called, on several lines where one is too short."""
    parameters, starred = [], False
    for parameter in signature.parameters.values():
        if parameter.name == "self" or parameter.name.startswith("_"):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            parameters.append("*")
            starred = True
        parameters.append(_parameter(parameter))
    empty = signature.return_annotation is inspect.Signature.empty
    returned = "" if empty else f" -> {_type(inspect.formatannotation(signature.return_annotation))}"
    line = f"{name}({', '.join(parameters)}){returned}"
    if len(line) <= 100:
        return line
    return "\n".join([f"{name}(", *(f"    {parameter}," for parameter in parameters), f"){returned}"])


def _parameter(parameter: inspect.Parameter) -> str:
    stars = "**" if parameter.kind is parameter.VAR_KEYWORD else ""
    text = stars + parameter.name
    if parameter.annotation is not parameter.empty:
        text += f": {_type(inspect.formatannotation(parameter.annotation))}"
    if parameter.default is parameter.empty:
        return text
    default = parameter.default
    simple = default is None or isinstance(default, str | int | float | tuple)
    return f"{text} = {repr(default) if simple else '...'}"


def _members(value: type) -> Iterator[str]:
    """The documented fields, properties and methods of a class itself."""
    described = _described(value)
    for name, member in {**dict.fromkeys(described), **vars(value)}.items():
        if (name.startswith("_") and name != "__call__") or name in {"model_config"}:
            continue
        if name in described:
            yield f"- `{name}`: {described[name]}"
        elif isinstance(member, property):
            yield f"- `{name}`: {_joined(member.__doc__)}" if member.__doc__ else f"- `{name}`"
        elif inspect.isfunction(member) and member.__doc__:
            waits = inspect.iscoroutinefunction(member) or "AsyncIterator" in str(inspect.signature(member))
            shown = " ".join(_called(name, inspect.signature(member)).split()).replace("( ", "(").replace(", )", ")")
            yield f"- `{'async ' if waits else ''}{shown}`: {_joined(member.__doc__)}"


def _described(value: type) -> dict[str, str]:
    """Docstrings below the fields of a class, by field."""
    found: dict[str, str] = {}
    source = inspect.getsource(value)
    for name, text in re.findall(r'^    (\w+): [^\n]*\n    """(.*?)"""', source, flags=re.S | re.M):
        found[name] = _joined(text)
    return found


def _plugin(name: str, plugin: type[Plugin[Any]]) -> Iterator[str]:
    yield from (f"### {name}", "", _own_doc(plugin), "")
    page = PAGE.parent / f"{name}.md"
    said = [f"[its page]({name}.md)"] if page.exists() else []
    said += ["required"] if plugin.required else []
    said += [f"routes: {', '.join(f'`{route}`' for route in plugin.routes)}"] if plugin.routes else []
    said += [f"tables: {', '.join(f'`{table}`' for table in plugin.tables.tables)}"] if plugin.tables else []
    said += list(_declared(plugin))
    if said:
        yield from ("; ".join(said) + ".", "")
    yield from _options(plugin.Options)


def _declared(plugin: type[Plugin[Any]]) -> Iterator[str]:
    bare = object.__new__(plugin)  # only its declarations are read
    yield from (f"command `{command.name}`" for command in commands_of(bare))
    yield from (f"health check `{check.name}`" for check in checks_of(bare))
    if any(field.is_required() for field in plugin.Options.model_fields.values()):
        return
    bare.options = plugin.Options()
    yield from (f"job `{job.name}` at `{job.cron}`" for job in jobs_of(bare))


def _options(options: type[deskhand.Options]) -> Iterator[str]:
    if not options.model_fields:
        yield from ("No options.", "")
        return
    yield from ("| option | type | default | |", "|---|---|---|---|")
    for name, field in options.model_fields.items():
        default: Any = field.get_default(call_default_factory=True, validated_data={})
        shown = "required" if default is PydanticUndefined else f"`{_value(default)}`"
        kind = _type(inspect.formatannotation(field.annotation)).replace("|", "\\|")
        yield f"| `{name}` | `{kind}` | {shown} | {_joined(field.description)} |"
    yield ""


def _value(value: Any) -> str:
    return "none" if value is None else str(value) if isinstance(value, int | float) else repr(value)


def _alias_doc(name: str) -> str:
    """The docstring below a type's name."""
    [text] = re.findall(rf'^{name} = [^\n]*\n"""(.*?)"""', inspect.getsource(contract), flags=re.S | re.M)
    return _joined(text)


def _type(value: Any) -> str:
    """As an author would write it: without modules and quotation marks."""
    text = _MODULE.sub("", str(value) if not inspect.isclass(value) else value.__name__)
    return re.sub(
        r"\b(?:typing|datetime)\.|~|'(?=Models|AsyncEngine|MetaData)|(?<=Models)'|(?<=AsyncEngine)'|(?<=None)'",
        "",
        text,
    )


def _own_doc(value: Any) -> str:
    """The docstring; a dataclass without one has only its signature."""
    text = inspect.cleandoc(value.__doc__ or "")
    return "" if text.startswith(f"{value.__name__}(") else _code(text)


def _code(text: str) -> str:
    """Indented examples as blocks."""
    return re.sub(
        r"\n\n((?:    [^\n]*\n?)+)", lambda found: f"\n\n```python\n{inspect.cleandoc(found[1])}\n```\n", text
    )


def _joined(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    main()
