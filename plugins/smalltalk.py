"""smalltalk: greetings, thanks and jokes are answered without a search and without a model.

Only where a message is nothing else: its whole text must be small talk. "Hi, how many days off do I have?" goes on.
"""

import re
from typing import Literal

from pydantic import Field

from plugins.contract import CallNext, Context, Options, Outcome, Plugin, Reply, Turn
from plugins.language_detection import language_of
from plugins.smalltalk_words import PATTERNS, SAID
from plugins.wording import plain

Kind = Literal["about", "thanks", "greeting", "goodbye", "off_topic"]


class SmalltalkOptions(Options):
    """What is answered, and in which words."""

    kinds: tuple[Kind, ...] = ("about", "thanks", "greeting", "goodbye", "off_topic")
    """The others go on to the documents."""
    off_topic: list[str] = Field(default_factory=list)
    """Further messages, word for word, that are declined: "who will win the cup?"."""
    says: dict[Kind, str] = Field(default_factory=dict)
    """Your own words for a kind, in every language. `{name}` and `{contact}` are filled in."""


class Smalltalk(Plugin[SmalltalkOptions]):
    """Answers what is no question."""

    Options = SmalltalkOptions

    def __init__(self, options: SmalltalkOptions, context: Context) -> None:
        super().__init__(options, context)
        self._patterns = [
            (kind, language, re.compile(pattern))
            for kind in options.kinds
            for language, pattern in PATTERNS[kind].items()
        ]
        self._declined = {plain(text) for text in options.off_topic}

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        text = plain(turn.message.text)
        found = [(kind, language) for kind, language, pattern in self._patterns if pattern.fullmatch(text)]
        if text and text in self._declined:
            found = [("off_topic", language_of(turn.message.text) or "en")]
        if not found:
            return await call_next(turn)
        kind, language = next((one for one in found if one[1] == _spoken(turn)), found[0])
        turn.trace.count(f"smalltalk: {kind}")
        turn.trace.note(f"smalltalk: taken for {kind}, so nothing was searched")
        said = self.options.says.get(kind) or SAID.get(language, SAID["en"])[kind]
        said = said.replace("{name}", self.context.assistant).replace("{contact}", self.context.contact)
        return Reply(said, Outcome("answered"))


def _spoken(turn: Turn) -> str | None:
    """The language of the thread: "ok super" is said in more than one."""
    asked = [exchange.text for exchange in turn.history if exchange.role == "user"]
    return language_of(asked[-1]) if asked else None
