"""Whether somebody who did not call the assistant wants something of it, the same on every platform."""

import re

_NO_QUESTION = re.compile(
    r"(?:\W|\b(?:thanks?|thank you|thx|ty|cheers|ta|ok(?:ay)?|great|perfect|cool|nice|awesome|got it|will do|lol|yes|"
    r"no|so much|a lot|very|helpful|that|this|it|works?|worked|is|was|super|solved|done|danke|merci|gracias)\b)*",
    re.I,
)
_ASKS = re.compile(
    r"\?|^\W*(?:who|what|when|where|why|how|which|whom|whose|can|could|may|is|are|do|does|did|will|would|should|"
    r"any(?:one|body)?|wer|was|wann|wo|wie|warum|kann|darf|gibt|qui|quand|comment|o[uù]|est-ce)\b",
    re.I,
)


def looks_like_question(text: str) -> bool:
    """Whether somebody who writes this to nobody in particular wants to know something."""
    return _ASKS.search(text) is not None


def says_nothing(text: str) -> bool:
    """Thanks and the like: nobody expects an answer."""
    return _NO_QUESTION.fullmatch(text) is not None
