"""How much fits into a prompt: the model's context window, tokens, and what providers keep between calls.

The window and the tokenizer are litellm's where it is loaded and knows the model, which needs no
network for OpenAI's models only. Elsewhere tokens are estimated, rather too many than too few.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from settings.sections import ModelEntry

UNKNOWN_WINDOW = 8192
"""Tokens, where nobody says: what small local models have."""
ANSWER_TOKENS = 1024
"""Room kept for the answer where the model's parameters name no `max_tokens`."""

_OWN_TOKENIZER = re.compile(r"^(?:openai/|azure/)?(?:gpt-|chatgpt-|o[134](?:-|$))")
_ASKED_TO_CACHE = re.compile(r"claude|^anthropic/", re.IGNORECASE)

_LATIN = re.compile(r"[A-Za-z]+")
_OTHER_WORDS = re.compile(r"[^\W\d_A-Za-z]")
_WIDE = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U0001f000-\U0001faff]")


def estimate_tokens(text: str) -> int:
    """At least as many as common tokenizers make, by script.

    A short English word is one token and a long one a token for every four letters begun; letters
    of other alphabets count one for two, signs of scripts without spaces one and a half, and
    figures and punctuation one each.
    """
    words = sum(len(word) // 4 + 1 for word in _LATIN.findall(text))
    wide = len(_WIDE.findall(text))
    others = len(_OTHER_WORDS.findall(text)) - wide
    rest = sum(not (character.isalpha() or character.isspace()) for character in text)
    return words + -(-max(others, 0) // 2) + -(-wide * 3 // 2) + rest + text.count("\n")


@dataclass(frozen=True, slots=True)
class Window:
    """How many tokens a prompt may have, and how they are counted."""

    tokens: int
    count: Callable[[str], int] = estimate_tokens


def model_window(entry: ModelEntry, litellm: Any) -> Window:
    """The room for a prompt to a model, the answer's room taken off. `litellm` is None where it is not loaded."""
    size = entry.limits.context_tokens
    if size is None and litellm is not None:
        try:
            size = litellm.get_model_info(entry.model).get("max_input_tokens")
        except Exception:  # litellm raises a plain Exception for a model that it does not know
            size = None
    answer = next(
        (entry.parameters[name] for name in ("max_completion_tokens", "max_tokens") if name in entry.parameters), None
    )
    room = (size or UNKNOWN_WINDOW) - (answer if isinstance(answer, int) else ANSWER_TOKENS)
    if litellm is not None and size and _OWN_TOKENIZER.match(entry.model):
        return Window(max(room, 0), partial(_counted, litellm, entry.model))
    return Window(max(room, 0))


def _counted(litellm: Any, model: str, text: str) -> int:
    return int(litellm.token_counter(model=model, text=text))


def cache_parameters(model: str) -> dict[str, Any]:
    """What a call must say so that the provider keeps the stable beginning of the prompt.

    OpenAI, DeepSeek, Gemini and local servers do so by themselves for equal beginnings. Claude does it
    up to a mark (`cache_control`), which litellm puts at the end of the system message.
    """
    if not _ASKED_TO_CACHE.search(model):
        return {}
    return {"cache_control_injection_points": [{"location": "message", "role": "system"}]}
