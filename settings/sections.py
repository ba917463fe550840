"""The settings themselves: one model a file, `settings/NAME.yaml`.

Descriptions end up in the JSON Schema that editors read, defaults are what a home without any
settings file runs with.
"""

from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

EXTRACTIVE = "extractive"
"""The last resort of a route: quotes the documents, needs no model."""


class Section(BaseModel):
    """Base of all settings: unknown names are mistakes, values are never printed in errors."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True, use_attribute_docstrings=True
    )


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


DEFAULT_CHAIN = [PluginEntry(name=name) for name in ("persona", "history", "rag", "answer")]


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
    question_characters: int = Field(4000, ge=100, le=100_000)
    """A longer question is turned down with a reason."""
    plugins: list[Annotated[PluginEntry, BeforeValidator(_plugin_entry)]] = Field(DEFAULT_CHAIN, min_length=1)
    """The chain, outermost first. Each entry is a name, or a name with its options below it."""


class ModelEntry(Section):
    """One language model."""

    model: str = Field(min_length=1)
    """What litellm calls it, for example `openai/gpt-5-mini` or `ollama_chat/llama3.2`."""
    api_base: str | None = Field(None, pattern=r"^https?://[^\s/?#@]+(/[^\s]*)?$")
    """Address of the server, where it is not the provider's own."""
    api_key_env: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """NAME of the variable or secret file that holds the key. Never the key itself."""
    timeout_seconds: float = Field(60, gt=0, le=600)
    """Longest wait for a whole answer."""
    stall_seconds: float = Field(20, gt=0, le=120)
    """Longest wait for the first or the next piece of a streamed answer."""
    input_cost_per_million: float | None = Field(None, ge=0)
    """US dollars for a million prompt tokens, where litellm does not know the price."""
    output_cost_per_million: float | None = Field(None, ge=0)
    """US dollars for a million answer tokens, where litellm does not know the price."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Passed on with every call, for example `temperature` or `max_tokens`."""


class ModelSettings(Section):
    """Models, and which of them is tried for what."""

    models: dict[str, ModelEntry] = Field(default_factory=dict)
    """Models by a name of your own."""
    routes: dict[str, list[str]] = Field(default_factory=lambda: {"answer": [EXTRACTIVE]})
    """For each purpose the models to try, in order. `extractive` quotes the documents."""


class EmbeddingSettings(Section):
    """The model that turns text into vectors."""

    model: str = "sentence-transformers/all-MiniLM-L6-v2"
    """Any text embedding model of fastembed. Changing it rebuilds the index beside the old one."""
    path: str | None = None
    """A folder with the model's files, for machines without internet access."""


class StoreSettings(Section):
    """Where the index lives: in Deskhand itself, or on a Qdrant server."""

    url: str | None = Field(None, pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$")
    """Address of a Qdrant server (port 6333 where none is named). Without it the engine inside Deskhand is used."""
    api_key_env: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """NAME of the variable or secret file that holds the server's API key. Never the key itself."""
    collection: str = Field("deskhand", pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,62}$")
    """Collections on the server begin with this name. Homes that share a server need different ones."""
    timeout_seconds: float = Field(20, gt=0, le=600)
    """Longest wait for one answer of the server."""

    @model_validator(mode="after")
    def _keep_the_key_secret(self) -> Self:
        if self.url is None:
            return self
        parts = urlsplit(self.url)
        _ = parts.port  # ValueError where it is no port
        if self.api_key_env is not None and parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
            raise ValueError("an API key would cross the network in the open: write https:// in url")
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class ChunkSettings(Section):
    """How documents are cut, in words."""

    target_words: int = Field(120, ge=20, le=1000)
    """Neighbouring small sections are kept together up to this size."""
    most_words: int = Field(160, ge=30, le=2000)
    """No chunk is longer."""


class SearchSettings(Section):
    """What a search returns."""

    passages: int = Field(6, ge=1, le=50)
    """Passages that are put before the model."""
    per_document: int = Field(3, ge=1, le=50)
    """At most so many of them from one document."""
    word_weight: float = Field(0.25, ge=0, le=2)
    """How much the question's own words count beside its meaning (0: not at all)."""


class KnowledgeSettings(Section):
    """The documents, and how they are found."""

    embedding: EmbeddingSettings = EmbeddingSettings()
    chunk: ChunkSettings = ChunkSettings()
    search: SearchSettings = SearchSettings()
    store: StoreSettings = StoreSettings()
    language: Literal[
        "danish", "dutch", "english", "finnish", "french", "german", "hungarian", "italian", "norwegian",
        "portuguese", "romanian", "russian", "spanish", "swedish", "turkish",
    ] = "english"  # fmt: skip
    """Language of the documents: word endings are cut by its rules."""
    ignore: list[str] = Field(default_factory=list)
    """Patterns of files to leave out, below the documents' folder: `drafts/*`, `*.tmp.md`."""
