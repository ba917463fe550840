"""guard: who asks too much, too long or in banned words is told so, and no model sees secrets of people.

Stands first: what it takes out of a question and of the thread, no step after it gets to see.
"""

import asyncio
import re
from collections import OrderedDict, deque
from dataclasses import replace

from pydantic import Field

from plugins.contract import CallNext, Context, Message, OptionError, Options, Outcome, Pieces, Plugin, Reply, Turn
from plugins.wording import plain
from settings.redaction import What, redact

_MOST_PEOPLE = 10_000
"""Those who asked last are remembered; whoever is forgotten has long been silent."""


class GuardOptions(Options):
    """Limits, wide enough that nobody meets one by asking."""

    per_minute: int = Field(20, ge=1)
    """Questions of one person in a minute."""
    per_hour: int = Field(200, ge=1)
    """And in an hour."""
    unlimited: list[str] = Field(default_factory=lambda: ["terminal"])
    """Platforms whose people may ask without limit: scripts ask at the terminal."""
    characters: int = Field(4000, ge=20)
    """Longest question."""
    banned: list[str] = Field(default_factory=list)
    """Words and phrases that are not answered; whole words, in capitals or not."""
    redact: tuple[What, ...] = ("secrets", "numbers")
    """What is taken out: keys, tokens, passwords; numbers of cards, accounts and identities."""


class Guard(Plugin[GuardOptions]):
    """Lets through what may be asked, without what nobody should have typed.

    Required: without it a secret would reach a model.
    """

    Options = GuardOptions
    required = True

    def __init__(self, options: GuardOptions, context: Context) -> None:
        super().__init__(options, context)
        for index, phrase in enumerate(options.banned):
            if not plain(phrase):
                raise OptionError(f"banned[{index}]", "has no word in it")
        banned = "|".join(r"\W+".join(map(re.escape, plain(phrase).split())) for phrase in options.banned)
        self._banned = re.compile(rf"(?<!\w)(?:{banned})(?!\w)") if banned else None
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        text = turn.message.text
        if wait := self._too_often(turn.message):
            return self._refused(turn, "too many questions", f"You have asked a lot. Please try again in {wait}.")
        if len(text) > self.options.characters:
            most = self.options.characters
            said = f"This is too long: {len(text)} characters, at most {most}. Please ask in fewer words."
            return self._refused(turn, "the question is too long", said)
        if self._banned and self._banned.search(plain(text)):
            said = f"I cannot help with that. If it matters, please ask {self.context.contact}."
            return self._refused(turn, "a banned word", said)
        what = self.options.redact
        redacted = redact(text, what)
        clean = turn.with_(
            message=replace(turn.message, text=redacted.text),
            history=tuple(replace(exchange, text=redact(exchange.text, what).text) for exchange in turn.history),
        )
        reply = await call_next(clean)
        if not redacted.kinds:
            return reply
        kinds = " and ".join(redacted.kinds)
        turn.trace.count("guard: redacted")
        turn.trace.note(f"guard: taken out of the question: {kinds}")
        return Reply(pieces=self._warned(reply, kinds))

    async def _warned(self, reply: Reply, kinds: str) -> Pieces:
        async for piece in reply:
            yield piece
        advice = "Better delete the message; change a secret that others saw."
        yield f"\n\n*I left this out of your question: {kinds}. {advice}*"

    def _refused(self, turn: Turn, reason: str, said: str) -> Reply:
        turn.trace.count(f"guard: {reason}")
        return Reply(said, Outcome("refused", reason))

    def _too_often(self, message: Message) -> str:
        """How long to wait, in words; empty where the person may ask. What is turned down does not count."""
        if message.place.platform in self.options.unlimited:
            return ""
        now = asyncio.get_running_loop().time()
        person = f"{message.place.platform}/{message.place.workspace}/{message.person.id}"
        asked = self._asked.setdefault(person, deque())
        self._asked.move_to_end(person)
        while len(self._asked) > _MOST_PEOPLE:
            self._asked.popitem(last=False)
        while asked and asked[0] <= now - 3600:
            asked.popleft()
        for most, seconds, word in (
            (self.options.per_hour, 3600, "an hour"),
            (self.options.per_minute, 60, "a minute"),
        ):
            if len(asked) >= most and asked[-most] > now - seconds:
                wait = asked[-most] + seconds - now
                return (
                    word if wait > 0.9 * seconds else f"{wait:.0f} seconds" if wait < 90 else f"{wait / 60:.0f} minutes"
                )
        asked.append(now)
        return ""
