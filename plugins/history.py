"""history: how much of the thread the model and the search get to see."""

from pydantic import Field

from plugins.contract import CallNext, Options, Plugin, Reply, Turn


class HistoryOptions(Options):
    """Limits; the latest messages are kept."""

    messages: int = Field(8, ge=0, le=100)
    """At most so many earlier messages."""
    characters: int = Field(6000, ge=0, le=200_000)
    """And at most so much text."""


class History(Plugin[HistoryOptions]):
    """Cuts the thread down to its latest messages, whole ones only."""

    Options = HistoryOptions

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        kept = turn.history[-self.options.messages :] if self.options.messages else ()
        while kept and sum(len(exchange.text) for exchange in kept) > self.options.characters:
            kept = kept[1:]
        return await call_next(turn.with_(history=kept))
