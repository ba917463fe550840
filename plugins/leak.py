"""Keeps the assistant's instructions out of its answers.

An answer that repeats sixty letters and digits of the instructions in a row, whatever stands between
them, is cut there; so is one that has them reversed, in ROT13, base64 or hexadecimal. What the
passages say as well is no secret. A paraphrase or a translation cannot be recognised.
"""

import base64
import codecs
from collections.abc import Iterable

LONGEST_RUN = 60
"""Letters and digits, about twelve words."""
_GRAM = 12


class LeakGuard:
    """Feed it text as it comes; what repeats the instructions is held back until it is long or ends."""

    def __init__(self, secrets: Iterable[str], public: Iterable[str]) -> None:
        forms = [form for secret in secrets for form in _forms(secret)]
        self._grams = _grams(forms) - _grams(map(_bare, public))
        self._recent = ""  # the last letters and digits
        self._run = 0  # how many of them are the instructions'
        self._held = ""
        self.leaked = False

    def feed(self, text: str) -> str:
        """The next piece that can be shown; nothing once the instructions were repeated."""
        shown = ""
        for character in text:
            if self.leaked:
                break
            self._held += character
            for bare in _bare(character):
                self._recent = (self._recent + bare)[-_GRAM:]
                if self._recent in self._grams:
                    self._run = self._run + 1 if self._run else _GRAM
                else:
                    self._run = 0
            if self._run >= LONGEST_RUN:
                self.leaked = True
            elif not self._run:
                shown += self._held
                self._held = ""
        return shown

    def end(self) -> str:
        """What was held back."""
        return "" if self.leaked else self._held


def _bare(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _forms(secret: str) -> list[str]:
    plain = _bare(secret)
    data = secret.encode()
    encoded = [_bare(base64.b64encode(data[offset:]).decode()) for offset in range(3)]
    return [plain, plain[::-1], _bare(codecs.encode(secret, "rot13")), _bare(data.hex()), *encoded]


def _grams(texts: Iterable[str]) -> set[str]:
    return {text[i : i + _GRAM] for text in texts for i in range(len(text) - _GRAM + 1)}
