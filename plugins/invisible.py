"""Characters that a reader does not see and a machine does: they carry hidden text, and cut words in two."""

import re

_INVISIBLE = re.compile(
    "[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\u206a-\u206f\ufeff\u00ad\u180e\U000e0000-\U000e007f]"
)
"""Zero-width space and no-break space, directions, soft hyphen, tags. Joiners stay: scripts and emoji need them."""


def visible(text: str) -> str:
    """The text without them; the same whether it is cut into pieces or not."""
    return _INVISIBLE.sub("", text)
