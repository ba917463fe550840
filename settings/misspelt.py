"""A proposal for a name that nobody knows."""

from collections.abc import Iterable
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from settings.yaml_file import Location


def near(name: str, known: Iterable[str], least: float = 0.6) -> str:
    """The name that a misspelt one was probably meant for; empty where none is near.

    `least` is difflib's ratio, from 0 to 1: twice the letters in common by the letters of both.
    """
    folded = {other.casefold(): other for other in known}
    found = get_close_matches(name.casefold(), folded, n=1, cutoff=least)
    return folded[found[0]] if found else ""


def instead(name: str, known: Iterable[str]) -> str:
    """What to write instead, for the end of a message: the name that is near, else all."""
    names = list(dict.fromkeys(known))
    if meant := near(name, names):
        return f" (did you mean {meant}?)"
    return f" (known: {', '.join(names) or 'none'})"


def names_at(model: type[BaseModel], location: Location) -> list[str]:
    """The settings that there are below a path such as `("models", "main")`; empty where names are free."""
    kinds = _plain(model)
    for step in location:
        kinds = [inner for kind in kinds for inner in _inside(kind, step)]
    return [name for kind in kinds if _is_model(kind) for name in kind.model_fields]


def _inside(kind: Any, step: int | str) -> list[Any]:
    """The types of what stands at one step; a step that is not in the type, such as a union's tag, stays there."""
    if _is_model(kind):
        field = kind.model_fields.get(str(step))
        return _plain(field.annotation) if field is not None else [kind]
    if get_origin(kind) is list and isinstance(step, int):
        return _plain(get_args(kind)[0])
    if get_origin(kind) is dict:
        return _plain(get_args(kind)[1])
    return []


def _plain(kind: Any) -> list[Any]:
    """The types that a field may hold, without what surrounds them."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [inner for option in get_args(kind) for inner in _plain(option)]
    return [kind]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
