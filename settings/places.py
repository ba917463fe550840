"""Where a value of the settings was set: which variable, or which line of which file."""

import json
from collections.abc import Mapping, Sequence

from settings.environment import PREFIX
from settings.errors import Problem
from settings.variables import Variables
from settings.yaml_file import Location, YamlFile, show_location


def place_problem(
    files: Mapping[str, YamlFile], variables: Sequence[Variables], location: Location, message: str
) -> Problem:
    """A mistake at a path such as `("models", "routes", "answer", 1)`, with its place."""
    shown = show_location(location[1:]) or str(location[0])
    return Problem(_place(files, variables, location), f"{shown}: {message}")


def _place(files: Mapping[str, YamlFile], variables: Sequence[Variables], location: Location) -> str:
    """The place of a value; one that is set nowhere belongs to what is around it."""
    names = [PREFIX + "__".join(str(step) for step in location[:end]).upper() for end in range(1, len(location) + 1)]
    given = [(name.upper(), given) for source in variables for name, given in source.items()]
    for name, value in given:
        if name in names and _holds(value.value, location[names.index(name) + 1 :]):
            return value.place
    file = files.get(str(location[0]))
    if file is not None and file.has(location[1:]):
        return file.place_of(location[1:])
    for name, value in given:
        if name.startswith(f"{names[-1]}__"):
            return value.place
    return _place(files, variables, location[:-1]) if len(location) > 1 else f"settings/{location[0]}.yaml"


def _holds(text: str, steps: Location) -> bool:
    """Whether a variable sets the value at `steps` below its own name."""
    if not steps:
        return True
    try:
        value = json.loads(text)
        for step in steps:
            value = value[step]
    except (ValueError, LookupError, TypeError):
        return False
    return True
