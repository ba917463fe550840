"""Language models through litellm, loaded only when a question needs one.

Importing litellm takes seconds and 160 MB, so it happens in a thread at the first call, and never
in a command that calls no model.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from plugins.contract import Usage
from plugins.prompt import ChatMessage
from plugins.window import Window, cache_parameters, model_window
from settings import EXTRACTIVE, Settings
from settings.environment import set_default
from settings.errors import DeskhandError, ModelError
from settings.sections import ModelEntry

_log = logging.getLogger("deskhand.models")


@dataclass(frozen=True, slots=True)
class Spent:
    """What a finished answer took. `cost_usd` is None where nobody knows the price."""

    usage: Usage
    cost_usd: float | None


class Models:
    """The models of the settings, by name and by route."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._entries = settings.models.models
        self._litellm: Any = None
        self._loading = asyncio.Lock()

    def route(self, name: str) -> Sequence[str]:
        """Names of the models to try for a purpose, in order."""
        return self._settings.models.routes.get(name, [EXTRACTIVE])

    def window(self, name: str) -> Window:
        """How long a prompt for a model may be."""
        return model_window(self._entries[name], self._litellm)

    async def stream(self, name: str, messages: Sequence[ChatMessage]) -> AsyncIterator[str | Spent]:
        """The answer of one model as it comes, last what it took.

        Raises ModelError, in words for a reader and without any secret, where the model fails,
        stalls or says nothing.
        """
        entry = self._entries[name]
        key = self._key(name, entry)
        received, usage = False, None
        try:
            await self._load()  # counts for the turn, not for the model
            now = asyncio.get_running_loop().time
            ends = now() + entry.timeout_seconds
            async with asyncio.timeout_at(min(ends, now() + entry.stall_seconds)):
                chunks = await self._start(entry, key, messages)
            while True:
                async with asyncio.timeout_at(min(ends, now() + entry.stall_seconds)):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    break
                usage = getattr(chunk, "usage", None) or usage
                if chunk.choices and (text := chunk.choices[0].delta.content):
                    received = received or bool(text.strip())
                    yield text
        except TimeoutError:
            raise ModelError(f"{name} did not answer in time") from None
        except Exception as error:  # litellm maps what it knows, and lets the rest through
            _log.info("%s: %s", name, self._settings.secrets.redact(f"{type(error).__name__}: {error}"))
            raise ModelError(f"{name} {_in_words(error)}") from None
        if not received:
            raise ModelError(f"{name} gave an empty answer")
        yield self._spent(entry, usage)

    def _key(self, name: str, entry: ModelEntry) -> str | None:
        if entry.api_key_env is None:
            return "none" if entry.api_base else None  # local servers need none, but the client insists on one
        try:
            key = self._settings.secrets.get(entry.api_key_env)
        except DeskhandError as error:
            raise ModelError(f"{name} has no key: {error}") from None
        if key is None:
            raise ModelError(f"{name} has no key: {entry.api_key_env} is not set")
        return key.get_secret_value()

    async def _start(self, entry: ModelEntry, key: str | None, messages: Sequence[ChatMessage]) -> Any:
        return await self._litellm.acompletion(
            model=entry.model,
            messages=list(messages),
            api_base=entry.api_base,
            api_key=key,
            stream=True,
            stream_options={"include_usage": True},
            timeout=entry.timeout_seconds,
            num_retries=0,
            max_retries=0,
            drop_params=True,
            **cache_parameters(entry.model),
            **entry.parameters,
        )

    async def _load(self) -> None:
        async with self._loading:
            if self._litellm is None:
                self._litellm = await asyncio.to_thread(_import_litellm)

    def _spent(self, entry: ModelEntry, usage: Any) -> Spent:
        if usage is None:
            return Spent(Usage(), None)
        counts = Usage(usage.prompt_tokens or 0, usage.completion_tokens or 0)
        if entry.input_cost_per_million is not None or entry.output_cost_per_million is not None:
            dollars = counts.prompt_tokens * (entry.input_cost_per_million or 0)
            dollars += counts.answer_tokens * (entry.output_cost_per_million or 0)
            return Spent(counts, dollars / 1e6)
        try:
            prompt, answer = self._litellm.cost_per_token(
                model=entry.model, prompt_tokens=counts.prompt_tokens, completion_tokens=counts.answer_tokens
            )
        except Exception:  # litellm raises a plain Exception for a model that it has no price for
            return Spent(counts, None)
        return Spent(counts, prompt + answer)

    async def close(self) -> None:
        """Close the connections that litellm keeps open."""
        if self._litellm is not None:
            await self._litellm.close_litellm_async_clients()


def _import_litellm() -> Any:
    set_default("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else it fetches a price list at import
    set_default("LITELLM_MODE", "PRODUCTION")  # else it reads any .env of the working directory
    import litellm

    litellm.suppress_debug_info = True
    return litellm


def _in_words(error: Exception) -> str:
    """Why a call failed, as a reader may see it. Decided on the status more than on the class."""
    status = getattr(error, "status_code", None)
    name = type(error).__name__
    if "ContextWindow" in name:
        return "cannot take a prompt of this length"
    if "ContentPolicy" in name:
        return "declined for reasons of content policy"
    if status in (401, 403):
        return "rejected the key"
    if status == 404:
        return "does not exist at the provider"
    if status == 429:
        return "is over its rate limit"
    if "MidStream" in name:
        return "broke off"
    if "Timeout" in name or status == 408:
        return "did not answer in time"
    if "connect" in str(error).lower():
        return "cannot be reached"
    if isinstance(status, int) and status >= 500:
        return f"has a fault (status {status})"
    return f"refused the request ({name})"
