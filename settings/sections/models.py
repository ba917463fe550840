"""`settings/models.yaml`: language models, and which of them is tried for what."""

from typing import Any

from pydantic import Field

from settings.sections.base import Section

EXTRACTIVE = "extractive"
"""The last resort of a route: quotes the documents, needs no model."""


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
