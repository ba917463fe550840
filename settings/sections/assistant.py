"""`settings/assistant.yaml`: who the assistant is, and its chain."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from settings.sections.base import Section


class PluginEntry(Section):
    """One step of the chain."""

    name: str
    options: dict[str, Any] = Field(default_factory=dict)


def _plugin_entry(value: Any) -> Any:
    """`- rag` and `- rag: {passages: 6}` both name a plugin."""
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, dict) and len(value) == 1:
        [(name, options)] = value.items()
        if options is None or isinstance(options, dict):
            return {"name": str(name), "options": options or {}}
        raise ValueError("options are `name: value` lines below the plugin's name")
    if isinstance(value, PluginEntry):
        return value
    raise ValueError("a plugin is its name, or its name with options below it")


class AdministratorSettings(Section):
    """Who looks after the assistant: may start runs from a chat, and is told what goes wrong."""

    people: list[str] = Field(default_factory=list)
    """Ids of people on their platform, such as `slack:U024BE7LH`."""
    groups: list[str] = Field(default_factory=list)
    """Groups, by the names that audiences use. Whoever sits at the machine's own terminal is one anyway."""
    webhook_env: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """NAME of the variable or secret file that holds the address of an incoming webhook: of Slack, of Discord with
    `/slack` at its end, or of anything else that takes `{"text": ...}`. Notices are posted there."""


DEFAULT_CHAIN = [PluginEntry(name=name) for name in ("guard", "persona", "history", "rag", "output", "answer")]


class AssistantSettings(Section):
    """Who the assistant is and which steps a message passes through."""

    name: str = Field("Deskhand", min_length=1, max_length=80)
    """What the assistant calls itself."""
    contact: str = Field("your manager", min_length=1, max_length=300)
    """Whom to ask when the documents don't say: a person, a team, a channel or an address."""
    deadline_seconds: float = Field(90, gt=0, le=600)
    """Time within which every question ends in an answer or a reason."""
    plugin_seconds: float = Field(60, gt=0, le=600)
    """Time that one plugin may take for itself, not counting the plugins inside it."""
    administrators: AdministratorSettings = AdministratorSettings()
    question_characters: int = Field(4000, ge=100, le=100_000)
    """A longer question is turned down with a reason."""
    plugins: list[Annotated[PluginEntry, BeforeValidator(_plugin_entry)]] = Field(DEFAULT_CHAIN, min_length=1)
    """The chain, outermost first. Each entry is a name, or a name with its options below it."""
