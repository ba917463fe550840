"""litellm, loaded when a language model is first needed: its import takes seconds and 160 MB."""

import logging
import threading
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

from settings.environment import set_default


@dataclass(frozen=True, slots=True)
class Litellm:
    """The module, and the models that it knew a price of before any Router added its own without one."""

    module: Any
    priced: frozenset[str]

    def is_priced(self, model: str) -> bool:
        """Whether a price of nothing is known to be that."""
        provider, _, name = model.partition("/")
        return model in self.priced or name in self.priced or provider in ("ollama", "ollama_chat")


_loading = threading.Lock()
"""A Router that is made meanwhile in another thread would add models of its own to those with a price."""


def import_litellm() -> Litellm:
    """The library, without its look-ups and greetings. Takes seconds the first time."""
    with _loading:
        return _library()


def litellm_is_loaded() -> bool:
    """Whether it has been needed so far."""
    return _library.cache_info().currsize > 0


@cache
def _library() -> Litellm:
    set_default("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else it fetches a price list at import
    set_default("LITELLM_MODE", "PRODUCTION")  # else it reads any .env of the working directory
    import litellm

    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # they repeat keys; every fault is told here
    warnings.filterwarnings("ignore", "coroutine 'router_cooldown_event_callback' was never awaited", RuntimeWarning)
    litellm.suppress_debug_info = True
    library = Litellm(litellm, frozenset(litellm.model_cost))
    _first_call(library)
    return library


def _first_call(library: Litellm) -> None:
    """What the library only loads when it is used, in this thread: the time must not count for a model."""
    messages = [{"role": "user", "content": "ready?"}]
    library.module.completion(model="openai/none", api_key="none", messages=messages, mock_response="yes")
