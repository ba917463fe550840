"""output: what an answer may contain, whichever model wrote it and whatever a document told it.

Stands inside persona and rag, whose prompt and passages it needs to know, and around everything that
writes answers. Streams: only what may still become a link or a repetition is held back.
"""

from dataclasses import replace

from pydantic import Field

from plugins.contract import CallNext, Options, Pieces, Plugin, Replace, Reply, Turn
from plugins.invisible import visible
from plugins.leak import LeakGuard
from plugins.links import Addresses, LinkFilter
from plugins.prompt import instructions

_LEAKED = "The rest is left out: it repeated the assistant's instructions."


class OutputOptions(Options):
    """What may be linked besides the addresses in the passages."""

    hosts: list[str] = Field(default_factory=list)
    """Hosts that may be linked whatever the passages say: `intranet.example.com`."""


class Output(Plugin[OutputOptions]):
    """Keeps links, images, mentions and the instructions out of answers.

    Required: an unguarded answer could carry a document's instructions out.
    """

    Options = OutputOptions
    required = True

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        return Reply(pieces=self._pieces(turn, await call_next(turn)))

    async def _pieces(self, turn: Turn, reply: Reply) -> Pieces:
        guard = self._guard(turn)
        async for piece in reply:
            if isinstance(piece, Replace):  # nothing of what was shown stays, so it is judged from the start
                guard = self._guard(turn)
                yield Replace(guard.feed(piece.text))
            elif shown := guard.feed(piece):
                yield shown
            if guard.leaked:
                break
        if rest := guard.end():
            yield rest
        if guard.leaked:
            turn.trace.note("the answer was cut: it repeated the instructions")
            yield f"\n\n*{_LEAKED} Please ask {self.context.contact}.*"
            await reply.read()  # for what it cost
            yield replace(reply.outcome, status="refused", reason="the model repeated its instructions")

    def _guard(self, turn: Turn) -> "OutputGuard":
        passages = [f"{p.title}\n{p.heading}\n{p.text}\n{p.link}" for p in turn.passages]
        known = [*passages, *turn.prompt.system, self.context.contact, turn.message.text]
        return OutputGuard(
            Addresses(known, self.options.hosts),
            LeakGuard([*instructions(turn)], [*passages, turn.message.text]),
        )


class OutputGuard:
    """All filters one after the other. The result does not depend on how the text is cut into pieces."""

    def __init__(self, known: Addresses, leak: LeakGuard) -> None:
        self._leak = leak
        self._links = LinkFilter(known)

    @property
    def leaked(self) -> bool:
        """Whether the instructions were repeated: there is nothing more to show then."""
        return self._leak.leaked

    def feed(self, text: str) -> str:
        """The next piece that can be shown."""
        return self._links.feed(self._leak.feed(visible(text)))

    def end(self) -> str:
        """What was held back."""
        return self._links.feed(self._leak.end()) + self._links.end()
