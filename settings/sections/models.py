"""`settings/models.yaml`: language models, which of them is tried for what, and what they may cost."""

from typing import Any, Literal

from pydantic import Field

from settings.sections.base import Section

EXTRACTIVE = "extractive"
"""The last resort of a route: quotes the documents, needs no model."""

Language = Literal[
    "ar", "cs", "da", "de", "el", "en", "es", "fi", "fr", "he", "hi", "hu", "it", "ja", "ko", "nl", "no", "pl", "pt",
    "ro", "ru", "sv", "th", "tr", "uk", "zh",
]  # fmt: skip
"""Languages that a rule can name, by ISO 639-1; `plugins/language.py` recognises them."""


class LimitSettings(Section):
    """What a model may be asked for. A model at its limit is passed over for the next one of the route."""

    requests_per_minute: int | None = Field(None, ge=1)
    """Calls in a minute."""
    tokens_per_minute: int | None = Field(None, ge=1)
    """Tokens of prompts and answers in a minute."""
    parallel: int | None = Field(None, ge=1)
    """Calls at the same time; further ones wait."""
    context_tokens: int | None = Field(None, ge=256)
    """Size of the context window, where litellm does not know it."""


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
    """Longest wait for the first or the next piece of a streamed answer, retries included."""
    retries: int = Field(1, ge=0, le=5)
    """Further attempts after a fault of the server, before the next model of the route is tried."""
    input_cost_per_million: float | None = Field(None, ge=0)
    """US dollars for a million prompt tokens, where litellm does not know the price."""
    output_cost_per_million: float | None = Field(None, ge=0)
    """US dollars for a million answer tokens, where litellm does not know the price."""
    limits: LimitSettings = LimitSettings()
    """What the model may be asked for."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Passed on with every call, for example `temperature` or `max_tokens`."""


class RuleConditions(Section):
    """All that are given must fit; of a list one is enough."""

    platforms: list[str] = Field(default_factory=list)
    """`slack`, `discord`, `terminal`."""
    workspaces: list[str] = Field(default_factory=list)
    """Ids of Slack workspaces or Discord servers."""
    channels: list[str] = Field(default_factory=list)
    """Ids of channels."""
    groups: list[str] = Field(default_factory=list)
    """Groups of the person who asks."""
    languages: list[Language] = Field(default_factory=list)
    """Languages of the question: `de`, `fr`."""
    prompt_tokens: int | None = Field(None, ge=1)
    """The prompt has at least about so many tokens (a quarter of its bytes)."""


class RouteRule(Section):
    """Another route where its conditions fit."""

    route: str = "answer"
    """The route that is replaced."""
    when: RuleConditions
    """Where it is replaced."""
    use: str = Field(min_length=1)
    """The route that is taken instead."""


class BudgetSettings(Section):
    """What the models may cost, in US dollars. When it is spent, answers are quotes from the documents."""

    per_day: float | None = Field(None, ge=0)
    """For everybody together."""
    per_person_per_day: float | None = Field(None, ge=0)
    """For each person."""


class ModelSettings(Section):
    """Models, which of them is tried for what, and what they may cost."""

    models: dict[str, ModelEntry] = Field(default_factory=dict)
    """Models by a name of your own."""
    routes: dict[str, list[str]] = Field(default_factory=lambda: {"answer": [EXTRACTIVE]})
    """For each purpose (`answer`, `rewrite_query`, `tone`, `judge`, a plugin's own) the models to try, in order.
    `extractive` quotes the documents."""
    rules: list[RouteRule] = Field(default_factory=list)
    """Other routes by place, group, language or size of the prompt; the first rule that fits counts."""
    rest_seconds: float = Field(15, ge=0, le=3600)
    """A model with a fault that the next question would meet as well is passed over for so long, or for as long as
    its server says; 0 never."""
    budget: BudgetSettings = BudgetSettings()
    """What the models may cost."""
