"""One call to one language model, through litellm's Router.

litellm is loaded at the first call, in a thread: its import takes seconds and 160 MB. The Router does
the retries, the rests after a fault (cooldowns) and the limits of each model; which model comes next is
decided outside (`plugins/models.py`), because only there the reason, the budget and what the reader has
already seen are known (docs/decisions/0019-routes-outside-the-router.md).
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from plugins.library import Litellm, import_litellm, litellm_is_loaded
from plugins.prompt import ChatMessage
from plugins.providers import provider_problem
from plugins.trace import Usage
from plugins.window import cache_parameters
from settings import Settings
from settings.errors import DeskhandError, ModelError
from settings.sections import ModelEntry

_log = logging.getLogger("deskhand.models")

_GRACE_SECONDS = 0.25
"""Our own time limit goes off after litellm's, whose faults count towards a rest."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of an answer. `usage` is None where the model did not say; `cut` at its length limit."""

    usage: Usage | None
    cut: bool = False


class ModelRouter:
    """Calls models by their names in the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._entries = settings.models.models
        self._rest = settings.models.rest_seconds
        self._secrets = settings.secrets
        self._litellm: Litellm | None = None
        self._router: Any = None
        self._loading: asyncio.Future[None] | None = None
        self._faults: dict[str, str] = {}
        self._slots = {
            name: asyncio.Semaphore(entry.limits.parallel)
            for name, entry in self._entries.items()
            if entry.limits.parallel is not None
        }
        self._unusable: dict[str, ModelError] = {}

    def load(self) -> "asyncio.Future[None]":
        """Begin to load litellm, once."""
        failed = self._loading is not None and self._loading.done() and self._loading.exception() is not None
        if self._loading is None or failed:
            self._loading = asyncio.ensure_future(asyncio.to_thread(self._build))
        return self._loading

    @property
    def library(self) -> Any:
        """litellm, None where it has not been loaded."""
        return self._litellm.module if self._litellm is not None else None

    @property
    def loaded(self) -> bool:
        """Whether a call can be made without waiting for litellm."""
        return self._litellm is not None

    async def stream(
        self, name: str, messages: Sequence[ChatMessage], seconds: float
    ) -> AsyncGenerator[str | Finished, None]:
        """The answer of one model as it comes, last its end; at most `seconds` in all.

        Raises ModelError, in words for a reader and without any secret, where the model fails,
        stalls, says nothing or has its words filtered.
        """
        entry = self._entries[name]
        now = asyncio.get_running_loop().time
        ends = now() + seconds
        received, usage, finish = False, None, ""
        try:
            async with asyncio.timeout_at(ends):
                await asyncio.shield(self.load())
            if name in self._unusable:
                raise self._unusable[name]
            ends = min(ends, now() + entry.timeout_seconds)
            async with self._slot(name, min(ends, now() + entry.stall_seconds)):
                async with asyncio.timeout_at(min(ends, now() + entry.stall_seconds + _GRACE_SECONDS)):
                    chunks = await self._start(name, messages)
                async with aclosing(chunks):
                    while True:
                        async with asyncio.timeout_at(min(ends, now() + entry.stall_seconds + _GRACE_SECONDS)):
                            chunk = await anext(chunks, None)
                        if chunk is None:
                            break
                        usage = getattr(chunk, "usage", None) or usage
                        if not chunk.choices:
                            continue
                        finish = chunk.choices[0].finish_reason or finish
                        if text := chunk.choices[0].delta.content:
                            received = received or bool(text.strip())
                            yield text
        except TimeoutError:
            raise self._fault(name, "did not answer in time") from None
        except ModelError:
            raise
        except Exception as error:  # litellm maps what it knows, and lets the rest through
            _log.info("%s: %s", name, self._secrets.redact(f"{type(error).__name__}: {error}"))
            raise self._fault(name, self._in_words(name, error, received)) from None
        if finish == "content_filter":
            raise ModelError(f"{name} declined for reasons of content policy")
        if not received:
            raise ModelError(f"{name} gave an empty answer")
        self._faults.pop(name, None)
        counts = Usage(usage.prompt_tokens or 0, usage.completion_tokens or 0) if usage is not None else None
        yield Finished(counts, cut=finish == "length")

    def price(self, name: str, usage: Usage) -> float | None:
        """What an answer of a model costs in US dollars; None where nobody knows."""
        entry = self._entries[name]
        if entry.input_cost_per_million is not None or entry.output_cost_per_million is not None:
            dollars = usage.prompt_tokens * (entry.input_cost_per_million or 0)
            return (dollars + usage.answer_tokens * (entry.output_cost_per_million or 0)) / 1e6
        if self._litellm is None:
            return None
        try:
            prompt, answer = self._litellm.module.cost_per_token(
                model=entry.model, prompt_tokens=usage.prompt_tokens, completion_tokens=usage.answer_tokens
            )
        except Exception:  # litellm raises a plain Exception for a model that it has no price for
            return None
        total = float(prompt + answer)
        return total if total or self._litellm.is_priced(entry.model) else None

    async def close(self) -> None:
        """Let go of the Router. The connections are shared with others: `close_connections` closes them."""
        if self._loading is not None:
            await asyncio.gather(self._loading, return_exceptions=True)  # a thread cannot be stopped
        if self._litellm is not None:
            self._router.discard()

    def _key(self, name: str, entry: ModelEntry) -> str | None:
        if entry.api_key_env is None:
            return "none" if entry.api_base else None  # local servers need none, but the client insists on one
        try:
            key = self._secrets.get(entry.api_key_env)
        except DeskhandError as error:
            raise ModelError(f"{name} has no key: {error}") from None
        if key is None:
            raise ModelError(f"{name} has no key: {entry.api_key_env} is not set")
        return key.get_secret_value()

    @asynccontextmanager
    async def _slot(self, name: str, until: float) -> AsyncIterator[None]:
        """One of the calls that a model may have at the same time; waited for rather than refused."""
        if name not in self._slots:
            yield
            return
        async with asyncio.timeout_at(until):
            await self._slots[name].acquire()
        try:
            yield
        finally:
            self._slots[name].release()

    async def _start(self, name: str, messages: Sequence[ChatMessage]) -> Any:
        return await self._router.acompletion(
            model=name,
            messages=list(messages),
            stream=True,
            stream_options={"include_usage": True},
            num_retries=self._entries[name].retries,
            **cache_parameters(self._entries[name].model),
        )

    def _build(self) -> None:
        library = import_litellm()
        limits = [entry.limits for entry in self._entries.values()]
        limited = any(limit.requests_per_minute or limit.tokens_per_minute for limit in limits)
        deployments = []
        for name, entry in self._entries.items():
            if problem := provider_problem(library.module, entry):  # the Router would take none of them then
                self._unusable[name] = ModelError(f"{name} cannot be reached: {problem}")
                _log.warning("%s", self._settings.problem(("models", "models", name, "model"), problem))
                continue
            try:
                # not with each call: litellm would take every one for a deployment of its own, without limits and rests
                deployments.append(_deployment(name, entry, self._key(name, entry)))
            except ModelError as error:
                self._unusable[name] = error
        self._router = library.module.Router(
            model_list=deployments,
            ignore_invalid_deployments=True,  # one that litellm finds wrong leaves the others their work
            num_retries=0,
            timeout=600,
            stream_timeout=120,
            cooldown_time=self._rest or None,  # where the server does not say how long
            disable_cooldowns=not self._rest,
            model_group_retry_policy={name: _retry_policy(entry) for name, entry in self._entries.items()},
            optional_pre_call_checks=["enforce_model_rate_limits"] if limited else None,
        )
        self._litellm = library

    def _fault(self, name: str, problem: str) -> ModelError:
        if not problem.startswith("rests"):
            self._faults[name] = problem
        return ModelError(f"{name} {problem}")

    def _in_words(self, name: str, error: Exception, received: bool) -> str:
        """Why a call failed, as a reader may see it. Decided on the status more than on the class."""
        status = getattr(error, "status_code", None)
        kind = type(error).__name__
        if kind == "RouterRateLimitError":
            return f"rests after a fault ({self._faults.get(name, 'it failed a moment ago')})"
        if "Model rate limit exceeded" in str(error):
            return "is at the limit that models.yaml sets for it"
        if "ContextWindow" in kind:
            return "cannot take a prompt of this length"
        if "ContentPolicy" in kind:
            return "declined for reasons of content policy"
        if status in (401, 403):
            return "rejected the key"
        if status == 404:
            return "does not exist at the provider"
        if status == 429:
            return "is over its rate limit"
        if "Timeout" in kind or status == 408 or "Timeout on reading" in str(error):
            return "did not answer in time"
        if received or "MidStream" in kind:
            return "broke off"
        if "connect" in str(error).lower():
            return "cannot be reached"
        if isinstance(status, int) and status >= 500:
            return f"has a fault (status {status})"
        return f"refused the request ({kind})"


async def close_connections() -> None:
    """Close the connections of every Router of the process: litellm shares them, also with later ones."""
    if litellm_is_loaded():
        await import_litellm().module.close_litellm_async_clients()


def _deployment(name: str, entry: ModelEntry, key: str | None) -> dict[str, Any]:
    limits = {"rpm": entry.limits.requests_per_minute, "tpm": entry.limits.tokens_per_minute}
    return {
        "model_name": name,
        "litellm_params": {
            **entry.parameters,
            "model": entry.model,
            "api_base": entry.api_base,
            "api_key": key,
            "timeout": entry.timeout_seconds,
            "stream_timeout": entry.stall_seconds,
            "drop_params": True,
            "max_retries": 0,
            **{limit: value for limit, value in limits.items() if value is not None},
        },
        "model_info": {
            "id": name,
            # naming the errors one by one is what makes a model without siblings rest at all
            "allowed_fails_policy": {
                "RateLimitErrorAllowedFails": 0,
                "AuthenticationErrorAllowedFails": 0,
                "TimeoutErrorAllowedFails": 0,
                "InternalServerErrorAllowedFails": entry.retries,  # else a model would rest before its second attempt
                "ServiceUnavailableErrorAllowedFails": entry.retries,
                "BadGatewayErrorAllowedFails": entry.retries,
            },
        },
    }


def _retry_policy(entry: ModelEntry) -> dict[str, int]:
    """What may pass by itself is tried again at once; the next model is quicker than waiting for the rest."""
    return {
        "BadRequestErrorRetries": 0,
        "AuthenticationErrorRetries": 0,
        "TimeoutErrorRetries": 0,
        "RateLimitErrorRetries": 0,
        "ContentPolicyViolationErrorRetries": 0,
        "NotFoundErrorRetries": 0,
        "InternalServerErrorRetries": entry.retries,
        "ServiceUnavailableErrorRetries": entry.retries,
    }
