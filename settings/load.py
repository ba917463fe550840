"""Settings from files, environment and secret folders, checked as a whole.

Precedence, first wins: environment (`DESKHAND_MODELS__ROUTES__ANSWER`), `.env` in the home, files in
a secrets folder, `settings/*.yaml`, defaults. Names nest with two underscores; lists are JSON.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.exceptions import SettingsError as SourceError

from settings.documents import document_problems
from settings.environment import PREFIX, variable
from settings.errors import Problem, SettingsError
from settings.home import Home
from settings.masking import looks_secret, maybe_secret
from settings.misspelt import instead, names_at, near
from settings.places import place_problem
from settings.secrets import Secrets
from settings.sections import (
    EXTRACTIVE,
    AssistantSettings,
    BotSettings,
    KnowledgeSettings,
    ModelSettings,
    RuleConditions,
)
from settings.sections.bots import DiscordSettings, SlackSettings
from settings.stamps import Stamp, stamp_of
from settings.variables import Variables, from_dotenv, from_environment, from_secret_folder, secret_folders
from settings.yaml_file import Location, YamlFile, nodes, read_yaml, show_location

SECTIONS: dict[str, type[BaseModel]] = {
    "assistant": AssistantSettings,
    "knowledge": KnowledgeSettings,
    "models": ModelSettings,
    "bots": BotSettings,
}
_OTHER_VARIABLES = {"DESKHAND_HOME", "DESKHAND_SECRETS_DIR"}
_MISPLACED = "holds what looks like a token: put it in the environment and name the variable here"
_EXPOSED = "holds what looks like a key: put it in the environment and name it in api_key_env"


class _Values(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="ignore",
        hide_input_in_errors=True,
        validate_default=True,
    )
    assistant: AssistantSettings = AssistantSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    models: ModelSettings = ModelSettings()
    bots: BotSettings = BotSettings()


@dataclass(frozen=True)
class Settings:
    """Checked settings of one home, immutable; a changed file makes a new object."""

    home: Home
    assistant: AssistantSettings
    knowledge: KnowledgeSettings
    models: ModelSettings
    bots: BotSettings
    files: dict[str, YamlFile] = field(repr=False)
    variables: Sequence[Variables] = field(repr=False, default=())
    stamp: Stamp = field(repr=False, default=())
    """How the files looked before they were read."""

    @cached_property
    def secrets(self) -> Secrets:
        """Keys and tokens by name."""
        return Secrets(self.home)

    def problem(self, location: Location, message: str) -> Problem:
        """A mistake at a path such as `("assistant", "plugins", 2)`, placed in its file."""
        return place_problem(self.files, self.variables, location, message)

    def file(self, name: str) -> Path | None:
        """A file named in the settings, such as a persona: the home's own, else the one shipped."""
        for folder in (self.home.settings, Path(__file__).parent):
            path = (folder / name).resolve()
            if path.is_relative_to(folder.resolve()) and path.is_file():
                return path
        return None


def load_settings(home: Home) -> Settings:
    """Read and check everything; raises SettingsError with a line for every mistake."""
    stamp = stamp_of(home)
    files, problems = _read_files(home)
    variables, more = _read_variables(home)
    problems += more
    try:
        values = _validated(files, variables)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        problems += [place_problem(files, variables, detail["loc"], _message(detail)) for detail in details]
        raise SettingsError(problems) from None
    settings = Settings(home, values.assistant, values.knowledge, values.models, values.bots, files, variables, stamp)
    problems += _inconsistencies(settings)
    told = {problem.place for problem in problems}
    problems += [problem for problem in _exposed(files, variables) if problem.place not in told]
    if problems:
        raise SettingsError(problems)
    return settings


def _read_files(home: Home) -> tuple[dict[str, YamlFile], list[Problem]]:
    files: dict[str, YamlFile] = {}
    problems: list[Problem] = []
    found = sorted([*home.settings.glob("*.yaml"), *home.settings.glob("*.yml")]) if home.settings.is_dir() else []
    for path in found:
        if path.name.startswith("."):
            continue  # what editors and file managers leave behind
        shown = home.shown(path)
        if path.stem not in SECTIONS or path.suffix == ".yml":
            meant, known = near(path.stem, SECTIONS), ", ".join(f"{name}.yaml" for name in SECTIONS)
            proposal = f"did you mean {meant}.yaml?" if meant else f"known: {known}"
            problems.append(Problem(shown, f"no settings file has this name ({proposal})"))
            continue
        try:
            files[path.stem] = read_yaml(path, shown)
        except SettingsError as error:
            problems += error.problems
    return files, problems


def _read_variables(home: Home) -> tuple[list[Variables], list[Problem]]:
    """The sources above the files, first wins."""
    readers: list[Callable[[], Variables]] = [from_environment, partial(_dotenv, home)]
    readers += [partial(from_secret_folder, folder, home) for folder in secret_folders(home)]
    variables: list[Variables] = []
    problems: list[Problem] = []
    named = variable("DESKHAND_SECRETS_DIR")
    if named and not Path(named).is_dir():
        problems.append(Problem("environment DESKHAND_SECRETS_DIR", f"there is no folder {named}"))
    for read in readers:
        try:
            variables.append(_usable(read(), problems))
        except SettingsError as error:
            problems += error.problems
    return variables, problems


def _dotenv(home: Home) -> Variables:
    return {name: given for name, given in from_dotenv(home).items() if name.upper().startswith(PREFIX)}


def _usable(source: Variables, problems: list[Problem]) -> Variables:
    """Without misspelt names, which would be ignored in silence, and broken JSON."""
    usable = {}
    for name, given in source.items():
        section, *rest = name.upper().removeprefix(PREFIX).lower().split("__")
        if section not in SECTIONS:
            if name.upper() not in _OTHER_VARIABLES:
                problems.append(Problem(given.place, f"no setting is named {name}{_variable_instead(name)}"))
            continue
        try:
            _source({name: given})()
        except SourceError:
            shown = show_location(rest) or section
            problems.append(Problem(given.place, f"{shown}: write a list or mapping as JSON"))
        else:
            usable[name] = given
    return usable


def _variable_instead(name: str) -> str:
    """What to write instead of a variable that begins with no section's name."""
    section, *rest = name.upper().removeprefix(PREFIX).split("__")
    others = [other.removeprefix(PREFIX) for other in sorted(_OTHER_VARIABLES)]
    if meant := near(section, [*others, *map(str.upper, SECTIONS)]):
        return f" (did you mean {PREFIX}{'__'.join([meant, *rest])}?)"
    return (
        f" (known: {', '.join(PREFIX + known for known in [*others, *(f'{part.upper()}__...' for part in SECTIONS)])})"
    )


def _source(variables: Variables) -> EnvSettingsSource:
    source = EnvSettingsSource(_Values)
    source.env_vars = {name.lower(): given.value for name, given in variables.items()}
    return source


def _validated(files: dict[str, YamlFile], variables: Sequence[Variables]) -> _Values:
    class Sourced(_Values):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: PydanticBaseSettingsSource, **__: PydanticBaseSettingsSource
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            data = {name: file.data for name, file in files.items()}
            return *map(_source, variables), InitSettingsSource(settings_cls, data)

    return Sourced()


_WORDS = {
    "extra_forbidden": "no such setting",
    "missing": "is required",
    "list_type": "should be a list: a `- value` line for each, or JSON in a variable",
    "dict_type": "should hold `name: value` lines, or JSON in a variable",
    "model_type": "should hold `name: value` lines, or JSON in a variable",
}


def _message(detail: Any) -> str:
    text = str(detail["msg"]).removeprefix("Value error, ")
    text = _WORDS.get(detail["type"], text[:1].lower() + text[1:])
    if detail["type"] == "extra_forbidden":
        section, *path, name = detail["loc"]
        return text + instead(str(name), names_at(SECTIONS[str(section)], path))
    if detail["loc"][-1] in ("url", "api_base") and detail["type"] == "string_pattern_mismatch":
        return "should be an address such as https://host:6333, without user and password: name the key in api_key_env"
    value, name = detail["input"], str(detail["loc"][-1])
    shown = isinstance(value, str | int | float) and len(str(value)) <= 40 and "://" not in str(value)
    if detail["type"] in ("extra_forbidden", "missing") or not shown or name.endswith(("_env", "key", "token")):
        return text
    return f"{value!r}: {text}"


def _exposed(files: dict[str, YamlFile], variables: Sequence[Variables]) -> Iterator[Problem]:
    """Keys that stand in a file, or in a setting that is shown: both end up where others read them."""
    for file in files.values():
        for node in nodes(file.root):
            if isinstance(node, yaml.ScalarNode) and looks_secret(node.value):
                yield Problem(f"{file.shown}:{node.start_mark.line + 1}", _EXPOSED)
    for source in variables:
        for given in source.values():
            if looks_secret(given.value):
                yield Problem(given.place, _EXPOSED)


_NAMED_LIKE_KEY = re.compile(r"(?:^|[_-])(?:key|secret|token|password|authorization)$", re.I)


def _named_like_keys(value: Any, path: tuple[int | str, ...] = ()) -> Iterator[tuple[int | str, ...]]:
    """Where in a model's parameters something stands that by its name is a key."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if _NAMED_LIKE_KEY.search(str(name)):
                yield (*path, str(name))
            yield from _named_like_keys(inner, (*path, str(name)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _named_like_keys(inner, (*path, index))


_PURPOSES = ("answer", "rewrite_query", "tone", "translate")
_SURELY = 0.8
"""Plugins name routes of their own: only what is very near is a slip."""


def _route_problems(settings: Settings) -> Iterator[Problem]:
    """Routes that name what is not there, and rules that lead nowhere or can never count."""
    models = settings.models
    known = [*models.models, EXTRACTIVE]
    used = {name for rule in models.rules for name in (rule.use, rule.route)}
    for route, names in models.routes.items():
        if (
            route not in _PURPOSES
            and route not in used
            and (meant := near(route, set(_PURPOSES) - models.routes.keys(), _SURELY))
        ):
            yield settings.problem(("models", "routes", route), f"nothing uses this route (did you mean {meant}?)")
        if not names:
            yield settings.problem(("models", "routes", route), f"names no model (known: {', '.join(known)})")
        for index, name in enumerate(names):
            if name not in models.models and name != EXTRACTIVE:
                yield settings.problem(
                    ("models", "routes", route, index), f"no model named {name!r}{instead(name, known)}"
                )
            elif names.index(name) != index:
                yield settings.problem(("models", "routes", route, index), f"{name!r} is listed twice")
            elif name == EXTRACTIVE and index < len(names) - 1:
                yield settings.problem(("models", "routes", route, index), "extractive always answers: put it last")
    for index, rule in enumerate(models.rules):
        if rule.use not in models.routes:
            yield settings.problem(
                ("models", "rules", index, "use"), f"no route named {rule.use!r}{instead(rule.use, models.routes)}"
            )
        if rule.use == rule.route:
            yield settings.problem(("models", "rules", index, "use"), f"{rule.use!r} is the route that it replaces")
        if rule.when == RuleConditions():
            yield settings.problem(
                ("models", "rules", index, "when"),
                f"no condition (known: {', '.join(RuleConditions.model_fields)}); to replace the route everywhere, "
                "change it in routes",
            )


def _inconsistencies(settings: Settings) -> Iterator[Problem]:
    """Mistakes that only two values together show."""
    models = settings.models
    yield from _route_problems(settings)
    yield from _bot_problems(settings)
    for name, entry in models.models.items():
        if name == EXTRACTIVE:
            yield settings.problem(("models", "models", name), "this name is taken: choose another")
        for path in _named_like_keys(entry.parameters):
            yield settings.problem(
                ("models", "models", name, "parameters", *path), "keys stay out of files: name it in api_key_env"
            )
        if entry.api_key_env is not None and maybe_secret(entry.api_key_env):
            yield settings.problem(("models", "models", name, "api_key_env"), _EXPOSED)
    yield from document_problems(settings)
    chunk = settings.knowledge.chunk
    if chunk.most_words < chunk.target_words:
        yield settings.problem(
            ("knowledge", "chunk", "most_words"), f"{chunk.most_words} is less than target_words ({chunk.target_words})"
        )


def _bot_problems(settings: Settings) -> Iterator[Problem]:
    """Bots that would share their questions, and tokens where the name of one belongs."""
    taken: set[str] = set()
    kinds: dict[str, Sequence[SlackSettings | DiscordSettings]] = {
        "slack": settings.bots.slack,
        "discord": settings.bots.discord,
    }
    for kind, bots in kinds.items():
        for index, bot in enumerate(bots):
            if bot.name in taken:
                place: tuple[int | str, ...] = ("bots", kind, index)
                place += ("name",) if "name" in bot.model_fields_set else ()
                yield settings.problem(place, f"{bot.name!r} is taken by another bot: give each its own name")
            taken.add(bot.name)
            for name, value in bot:
                if name.endswith("_env") and maybe_secret(value):
                    yield settings.problem(("bots", kind, index, name), _MISPLACED)
