"""answer: the innermost plugin. Tries the models of the route in order, and quotes as a last resort."""

import asyncio
from collections.abc import AsyncIterator

from plugins.citations import CitationFilter
from plugins.contract import CallNext, Options, Outcome, Plugin, Reply, Turn, Usage
from plugins.extractive import EXTRACTIVE, quoted_answer
from plugins.models import Spent
from plugins.prompt import NOT_FOUND, build_messages
from plugins.rag import abstain
from settings.errors import DeskhandError, ModelError


class Answer(Plugin[Options]):
    """Phrases the answer from the passages."""

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        return Reply(pieces=self._pieces(turn))

    async def _pieces(self, turn: Turn) -> AsyncIterator[str | Outcome]:
        failures: list[str] = []
        route = self.context.models.route(turn.route)
        for name in route:
            if name == EXTRACTIVE:
                continue  # below, once everything else has failed
            text = ""
            try:
                async for piece in self._from_model(turn, name):
                    text += piece if isinstance(piece, str) else ""
                    yield piece
                return
            except ModelError as error:
                failures.append(str(error))
                turn.trace.note(str(error))
                if text:
                    yield "\n\n*The model broke off here.*\n\n"
                    break
        reason = "; ".join(failures)
        if failures and EXTRACTIVE not in route:
            yield f"No model could answer ({reason}). Please ask {self.context.contact}."
            yield Outcome("refused", reason, route=turn.route)
            return
        async for piece in self._from_documents(turn, reason):
            yield piece

    async def _from_model(self, turn: Turn, name: str) -> AsyncIterator[str | Outcome]:
        """Stream one model's answer; its first words are held back while they may say "not found"."""
        marks = CitationFilter(turn.passages)
        messages = await asyncio.to_thread(build_messages, turn)
        spent = Spent(Usage(), None)
        start: str | None = ""
        async for piece in self.context.models.stream(name, messages):
            if isinstance(piece, Spent):
                spent = piece
            elif start is not None:
                start += piece
                if not NOT_FOUND.startswith(start.strip()[: len(NOT_FOUND)]):
                    if shown := marks.feed(start.lstrip()):
                        yield shown
                    start = None
            elif shown := marks.feed(piece):
                yield shown
        if start is not None and start.strip().startswith(NOT_FOUND):
            reply = abstain(self.context.contact)
            yield reply.text
            yield Outcome("abstained", reply.outcome.reason, (), name, turn.route, spent.usage, spent.cost_usd)
            return
        if rest := marks.feed(start or "") + marks.end():
            yield rest
        cited = bool(marks.citations) or not turn.passages
        status, reason = ("answered", "") if cited else ("degraded", "the answer names no source")
        yield Outcome(
            "answered" if status == "answered" else "degraded",
            reason,
            marks.citations,
            name,
            turn.route,
            spent.usage,
            spent.cost_usd,
        )

    async def _from_documents(self, turn: Turn, reason: str) -> AsyncIterator[str | Outcome]:
        """Quote the passages; honest about why where a model should have answered."""
        try:
            quotes = await self.context.search.quote(turn.message.text, turn.passages) if turn.passages else ()
        except DeskhandError as error:
            yield f"I could not answer this: {error}. Please ask {self.context.contact}."
            yield Outcome("refused", str(error), route=turn.route)
            return
        if not quotes:
            reply = abstain(self.context.contact)
            yield reply.text
            yield reply.outcome
            return
        text, citations = quoted_answer(quotes, turn.passages)
        yield text
        if reason:
            yield "\n\n*No language model could be reached, so these are the documents' own words.*"
        yield Outcome("degraded" if reason else "answered", reason, citations, EXTRACTIVE, turn.route)
