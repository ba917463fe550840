"""`settings/knowledge.yaml`: the documents, and how they are found."""

from ipaddress import ip_address
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from settings.cron import parse_cron
from settings.sections.base import Section


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
    ca_file: str | None = Field(None, min_length=1)
    """Certificate (PEM) of the authority that signed the server's own, absolute or below the home. Without it the
    public authorities are trusted."""
    collection: str = Field("deskhand", pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,62}$")
    """Collections on the server begin with this name, which is also the alias of the one that answers. Homes that
    share a server need different ones."""
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
    reranker: str | None = None
    """A cross-encoder of fastembed that puts the best passages in order, such as `Xenova/ms-marco-MiniLM-L-6-v2`."""
    reranker_path: str | None = None
    """A folder with its files, for machines without internet access."""
    reranker_seconds: float = Field(1.5, gt=0, le=30)
    """Longest wait for it; then the passages keep the order they have without it."""


class ReadingSettings(Section):
    """Limits within which a file is read. One that goes beyond them fails with a reason; the others go on."""

    largest_mb: float = Field(50, gt=0, le=2000)
    """A larger file is not read."""
    seconds: float = Field(30, gt=0, le=600)
    """Longest time for reading one file."""
    memory_mb: int = Field(1024, ge=256, le=16_384)
    """Most memory for reading one file."""


class SourceSettings(Section):
    """A folder of documents beside `knowledge/docs`: a network share, a checkout of a repository."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    """Its documents are shown as `name:path`."""
    folder: str = Field(min_length=1)
    """Where it is, absolute or below the home."""
    audience: list[str] = Field(default_factory=list)
    """Groups that may read it, where no pattern of `audience` and no file says otherwise. None: everyone."""
    link: str | None = None
    """Address of a document for citations, with `{path}`, `{stem}` (no extension), `{line}` or `{page}` in it."""
    include: list[str] = Field(default_factory=list)
    """Patterns of the files to take; none: all."""
    exclude: list[str] = Field(default_factory=list)
    """Patterns of files to leave out."""


class SyncSettings(Section):
    """When the index is brought up to date, and what a run must not do by itself."""

    schedule: str | None = "30 3 * * *"
    """Cron expression: minute, hour, day of month, month, day of week (0 or 7 is Sunday). null: never."""
    timezone: str | None = None
    """Of the schedule, such as `Europe/London`; none: the machine's own."""
    watch: Literal["auto", "events", "poll", "off"] = "auto"
    """How changes in the folders are noticed: `poll` for network mounts, `auto` decides by the mount."""
    settle_seconds: float = Field(0.5, gt=0, le=60)
    """Changes are taken up when there were none for so long."""
    largest_removal: float = Field(0.25, gt=0, le=1)
    """Share of all files; if more are missing, none is removed until the next look confirms it."""

    @field_validator("schedule")
    @classmethod
    def _is_cron(cls, value: str | None) -> str | None:
        if value is not None:
            parse_cron(value)
        return value

    @field_validator("timezone")
    @classmethod
    def _is_timezone(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("no such time zone: write one such as Europe/London") from None
        return value


CheckName = Literal[
    "secret", "personal", "instructions", "invisible-text", "empty", "unreadable", "title", "heading-without-text",
    "large-table", "long", "characters", "expired", "dates", "link", "versions", "duplicate", "unfindable",
]  # fmt: skip
"""Everything that is looked for in documents; `docs/lint.md` says what each means."""


class LintSettings(Section):
    """What is looked for in documents, and what keeps a document out."""

    quarantine: bool = True
    """Keep documents with a severe finding out of the answers."""
    accept: dict[str, list[CheckName]] = Field(default_factory=dict)
    """Findings that are meant, by pattern of the files: `"security/*": [secret, instructions]`."""


class KnowledgeSettings(Section):
    """The documents, and how they are found."""

    embedding: EmbeddingSettings = EmbeddingSettings()
    chunk: ChunkSettings = ChunkSettings()
    search: SearchSettings = SearchSettings()
    store: StoreSettings = StoreSettings()
    reading: ReadingSettings = ReadingSettings()
    sync: SyncSettings = SyncSettings()
    lint: LintSettings = LintSettings()
    language: Literal[
        "danish", "dutch", "english", "finnish", "french", "german", "hungarian", "italian", "norwegian",
        "portuguese", "romanian", "russian", "spanish", "swedish", "turkish",
    ] = "english"  # fmt: skip
    """Language of the documents: word endings are cut by its rules."""
    ignore: list[str] = Field(default_factory=list)
    """Patterns of files to leave out, below the documents' folder: `drafts/*`, `*.tmp.md`."""
    link: str | None = None
    """Address of a document in `knowledge/docs` for citations, as in `sources`."""
    audience: dict[str, list[str]] = Field(default_factory=dict)
    """Groups by pattern of the files, `name:path` in further sources: `"policies/pay/*": [managers]`. The last one
    that fits counts; a document's own front matter counts more."""
    sources: list[SourceSettings] = Field(default_factory=list)
    """Further folders of documents."""
