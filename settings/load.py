"""Settings from files, environment and secret folders, checked as a whole.

Precedence, first wins: environment (`DESKHAND_MODELS__ROUTES__ANSWER`), `.env` in the home, files in
a secrets folder, `settings/*.yaml`, defaults. Names nest with two underscores; lists are JSON.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.exceptions import SettingsError as SourceError

from settings.environment import PREFIX, deskhand_variables, variable
from settings.errors import Problem, SettingsError
from settings.home import Home
from settings.secrets import Secrets, looks_secret, secret_folders
from settings.sections import EXTRACTIVE, AssistantSettings, KnowledgeSettings, ModelSettings
from settings.yaml_file import Location, YamlFile, read_yaml, show_location

SECTIONS: dict[str, type[BaseModel]] = {
    "assistant": AssistantSettings,
    "knowledge": KnowledgeSettings,
    "models": ModelSettings,
}
_OTHER_VARIABLES = {"DESKHAND_HOME", "DESKHAND_SECRETS_DIR"}


class _Values(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_file_encoding="utf-8",
        extra="ignore",
        hide_input_in_errors=True,
        validate_default=True,
        dotenv_filtering="match_prefix",
    )
    assistant: AssistantSettings = AssistantSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    models: ModelSettings = ModelSettings()


@dataclass(frozen=True)
class Settings:
    """Checked settings of one home, immutable; a changed file makes a new object."""

    home: Home
    assistant: AssistantSettings
    knowledge: KnowledgeSettings
    models: ModelSettings
    files: dict[str, YamlFile]

    @cached_property
    def secrets(self) -> Secrets:
        """Keys and tokens by name."""
        return Secrets(self.home)

    def problem(self, location: Location, message: str) -> Problem:
        """A mistake at a path such as `("assistant", "plugins", 2)`, placed in its file."""
        return _problem(self.files, location, message)

    def file(self, name: str) -> Path | None:
        """A file named in the settings, such as a persona: the home's own, else the one shipped."""
        for folder in (self.home.settings, Path(__file__).parent):
            path = (folder / name).resolve()
            if path.is_relative_to(folder.resolve()) and path.is_file():
                return path
        return None


def load_settings(home: Home) -> Settings:
    """Read and check everything; raises SettingsError with a line for every mistake."""
    files, problems = _read_files(home)
    if problems:
        raise SettingsError(problems)
    data = {name: file.data for name, file in files.items()}
    values = _validated(home, files, data)
    settings = Settings(home, values.assistant, values.knowledge, values.models, files)
    if problems := [*_unknown_variables(), *_inconsistencies(settings)]:
        raise SettingsError(problems)
    return settings


def _read_files(home: Home) -> tuple[dict[str, YamlFile], list[Problem]]:
    files: dict[str, YamlFile] = {}
    problems: list[Problem] = []
    found = sorted([*home.settings.glob("*.yaml"), *home.settings.glob("*.yml")]) if home.settings.is_dir() else []
    for path in found:
        shown = home.shown(path)
        if path.stem not in SECTIONS or path.suffix == ".yml":
            known = ", ".join(f"{name}.yaml" for name in SECTIONS)
            problems.append(Problem(shown, f"no settings file has this name (known: {known})"))
            continue
        try:
            files[path.stem] = read_yaml(path, shown)
        except SettingsError as error:
            problems += error.problems
    return files, problems


def _validated(home: Home, files: dict[str, YamlFile], data: dict[str, Any]) -> _Values:
    class Sourced(_Values):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            secrets = [
                NestedSecretsSettingsSource(
                    file_secret_settings, secrets_dir=folder, secrets_prefix=PREFIX, secrets_nested_delimiter="__"
                )
                for folder in secret_folders(home)
            ]
            return env_settings, dotenv_settings, *secrets, InitSettingsSource(settings_cls, data)

    try:
        return Sourced(_env_file=home.root / ".env")
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        raise SettingsError([_problem(files, detail["loc"], _message(detail)) for detail in details]) from None
    except SourceError as error:
        raise SettingsError([Problem("environment", f"{error}: lists and mappings are written as JSON")]) from None
    except json.JSONDecodeError:
        raise SettingsError([Problem("environment", "a list or mapping is written as JSON")]) from None


def _message(detail: Any) -> str:
    if detail["type"] == "extra_forbidden":
        return "no such setting"
    if detail["type"] == "missing":
        return "is required"
    text = str(detail["msg"]).removeprefix("Value error, ")
    text = text[:1].lower() + text[1:]
    value, name = detail["input"], str(detail["loc"][-1])
    shown = isinstance(value, str | int | float) and len(str(value)) <= 40
    if not shown or name.endswith(("_env", "key", "token")) or looks_secret(str(value)):
        return text
    return f"{value!r}: {text}"


def _problem(files: dict[str, YamlFile], location: Location, message: str) -> Problem:
    """Place a mistake where its value was set: a variable, or a line of a file."""
    name, rest = str(location[0]), location[1:]
    shown = show_location(rest) or name
    for end in range(len(location), 1, -1):
        if variable(named := PREFIX + "__".join(str(step) for step in location[:end]).upper()):
            return Problem(f"environment {named}", f"{shown}: {message}")
    file = files.get(name)
    if file is None:
        return Problem(f"settings/{name}.yaml", f"{shown}: {message}")
    return Problem(file.place_of(rest), f"{shown}: {message}")


def _unknown_variables() -> Iterator[Problem]:
    """A misspelt variable would be ignored in silence."""
    for name in deskhand_variables():
        section = name.upper().removeprefix(PREFIX).split("__")[0].lower()
        if name.upper() not in _OTHER_VARIABLES and section not in SECTIONS:
            known = ", ".join([*sorted(_OTHER_VARIABLES), *(f"{PREFIX}{part.upper()}__..." for part in SECTIONS)])
            yield Problem(f"environment {name}", f"no setting has this name (known: {known})")


def _inconsistencies(settings: Settings) -> Iterator[Problem]:
    """Mistakes that only two values together show."""
    models = settings.models
    known = ", ".join([*models.models, EXTRACTIVE])
    for route, names in models.routes.items():
        if not names:
            yield settings.problem(("models", "routes", route), f"names no model (known: {known})")
        for index, name in enumerate(names):
            if name not in models.models and name != EXTRACTIVE:
                yield settings.problem(("models", "routes", route, index), f"no model named {name!r} (known: {known})")
            elif names.index(name) != index:
                yield settings.problem(("models", "routes", route, index), f"{name!r} is listed twice")
            elif name == EXTRACTIVE and index < len(names) - 1:
                yield settings.problem(("models", "routes", route, index), "extractive always answers: put it last")
    for name, entry in models.models.items():
        if name == EXTRACTIVE:
            yield settings.problem(("models", "models", name), "this name is taken: choose another")
        for field in ("api_key", "key", "token"):
            if field in entry.parameters:
                yield settings.problem(
                    ("models", "models", name, "parameters", field), "keys stay out of files: name it in api_key_env"
                )
        if looks_secret(f"{entry.api_key_env} {entry.model} {entry.api_base} {entry.parameters}"):
            yield settings.problem(
                ("models", "models", name),
                "holds what looks like a key: put it in the environment and name it in api_key_env",
            )
    chunk = settings.knowledge.chunk
    if chunk.most_words < chunk.target_words:
        yield settings.problem(
            ("knowledge", "chunk", "most_words"), f"{chunk.most_words} is less than target_words ({chunk.target_words})"
        )
