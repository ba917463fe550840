"""escalate: hands over to people, by topic, and says when they are there.

Whoever asks for a human gets one at once. Where there is no answer, the people of its topic are named below the
reason. Stands outside `rag`, so that it sees what ends there.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import Field

from plugins.contract import CallNext, Context, OptionError, Options, Outcome, Pieces, Plugin, Reply, Turn
from plugins.office_hours import OfficeHours
from plugins.wording import bare_question, plain

_HUMANS = frozenset("human humans person people someone somebody agent menschen mensch personne humain persona".split())
_BEFORE = frozenset(
    """
    i we want need would like id d have get can could may please let me to talk speak chat connect put through hand over
    with a an the real actual live human kann will mochte ich bitte mit einem je veux voudrais parler une un quiero
    hablar con una
    """.split()
)
_AFTER = frozenset("please now instead here being sprechen reden bitte".split())
_ABOUT = frozenset("about regarding because uber wegen sobre".split())


class Topic(Options):
    """What somebody looks after."""

    name: str = Field(min_length=1)
    """Such as `payroll`; it stands in the sentence "For payroll, ask ..."."""
    words: list[str] = Field(min_length=1)
    """Words and phrases by which a question is of this topic; whole words, an `s` behind them does not matter."""
    contact: str = Field(min_length=1)
    """A person, a channel, an address: as it should be read in a chat."""
    hours: OfficeHours | None = None
    """When they are there; nothing is said of it where it is not given."""


class EscalateOptions(Options):
    """Who looks after what."""

    topics: list[Topic] = Field(default_factory=list)
    """The first one that has the most words of a question takes it."""
    hours: OfficeHours | None = None
    """When the assistant's own `contact` is there, whom everything else goes to."""


class Escalate(Plugin[EscalateOptions]):
    """Names the people who can help."""

    Options = EscalateOptions
    now: Callable[[], datetime] = staticmethod(lambda: datetime.now(UTC))
    """The time, aware of its zone."""

    def __init__(self, options: EscalateOptions, context: Context) -> None:
        super().__init__(options, context)
        self._topics = []
        for index, topic in enumerate(options.topics):
            if empty := [word for word in topic.words if not plain(word)]:
                raise OptionError(f"topics[{index}].words", f"{empty[0]!r} has no word in it")
            words = "|".join(re.escape(plain(word)) for word in topic.words)
            self._topics.append((topic, re.compile(rf"\b(?:{words})s?\b")))

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        if _asks_for_human(turn.message.text):
            turn.trace.count("escalate: asked for")
            return Reply(self._people(turn), Outcome("answered"))
        return Reply(pieces=self._handing_over(turn, await call_next(turn)))

    async def _handing_over(self, turn: Turn, reply: Reply) -> Pieces:
        async for piece in reply:
            yield piece
        if reply.outcome.status in ("abstained", "refused"):
            topic = self._topic(turn)
            if topic is not None or self.options.hours is not None:
                turn.trace.count("escalate: no answer")
                yield f"\n\n{self._people(turn)}"

    def _people(self, turn: Turn) -> str:
        topic = self._topic(turn)
        hours = topic.hours if topic else self.options.hours
        asked = f"For {topic.name}, ask {topic.contact}." if topic else f"Please ask {self.context.contact}."
        return f"{asked} They are {hours.in_words(self.now())}." if hours else asked

    def _topic(self, turn: Turn) -> Topic | None:
        """By the question; where that has none of the words, by what was asked before in the thread."""
        asked = [exchange.text for exchange in turn.history if exchange.role == "user"]
        for text in (turn.message.text, *reversed(asked)):
            found = {topic.name: (len(set(words.findall(plain(text)))), topic) for topic, words in self._topics}
            most, topic = max(found.values(), key=lambda one: one[0], default=(0, None))
            if most:
                return topic
        return None


def _asks_for_human(text: str) -> bool:
    """Whether nothing else is asked: "can I talk to a real person", with "about my payslip" behind it or not."""
    words = bare_question(text).split()
    at = next((index for index, word in enumerate(words) if word not in _BEFORE or word in _HUMANS), len(words))
    while at + 1 < len(words) and words[at + 1] in _HUMANS:  # "a human person"
        at += 1
    if at == len(words) or words[at] not in _HUMANS or words in (["people"], ["someone"]):
        return False
    behind = words[at + 1 :]
    while behind and behind[0] in _AFTER:
        behind = behind[1:]
    return not behind or behind[0] in _ABOUT
