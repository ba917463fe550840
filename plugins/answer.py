"""answer: the innermost plugin. Tries the models of the route in order, and quotes as a last resort."""

import asyncio
from collections.abc import AsyncIterator

from pydantic import Field

from knowledge import Quote
from plugins.citations import CitationFilter
from plugins.contract import CallNext, Citation, Options, Outcome, Plugin, Reply, Turn, Usage
from plugins.extractive import EXTRACTIVE, quoted_answer
from plugins.models import Spent
from plugins.prompt import NOT_FOUND, build_prompt
from plugins.rag import abstain
from settings.errors import DeskhandError, ModelError


class AnswerOptions(Options):
    """How sure quotes have to be."""

    sure_evidence: float = Field(0.5, ge=0, le=2)
    """Quotes on weaker evidence than this are introduced as perhaps beside the point."""


class Answer(Plugin[AnswerOptions]):
    """Phrases the answer from the passages."""

    Options = AnswerOptions

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        return Reply(pieces=self._pieces(turn))

    async def _pieces(self, turn: Turn) -> AsyncIterator[str | Outcome]:
        failures: list[str] = []
        shown = CitationFilter(turn.passages)
        route = self.context.models.route(turn.route)
        for name in route:
            if name == EXTRACTIVE:
                continue  # below, once everything else has failed
            shown = CitationFilter(turn.passages)
            begun = False
            try:
                async for piece in self._from_model(turn, name, shown):
                    begun = True
                    yield piece
                return
            except ModelError as error:
                failures.append(str(error))
                turn.trace.note(str(error))
                if begun:
                    yield "\n\n*The model broke off here.*\n\n"
                    break
        async for piece in self._from_documents(turn, "; ".join(failures), shown.citations):
            yield piece

    async def _from_model(self, turn: Turn, name: str, marks: CitationFilter) -> AsyncIterator[str | Outcome]:
        """Stream one model's answer; its first words are held back while they may say "not found"."""
        built = await asyncio.to_thread(build_prompt, turn, self.context.models.window(name))
        marks.only(built.passages)
        if built.left_out:
            turn.trace.note(built.left_out)
        spent = Spent(Usage(), None)
        start: str | None = ""
        async for piece in self.context.models.stream(name, built.messages):
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
        yield Outcome(
            "answered" if cited else "degraded",
            "" if cited else "the answer names no source",
            marks.citations,
            name,
            turn.route,
            spent.usage,
            spent.cost_usd,
        )

    async def _from_documents(
        self, turn: Turn, reason: str, cited: tuple[Citation, ...]
    ) -> AsyncIterator[str | Outcome]:
        """Quote the passages; honest about why where a model should have answered.

        `cited` is what a model cited before it broke off.
        """
        quotes: tuple[Quote, ...] = ()
        try:
            if turn.passages and (not reason or EXTRACTIVE in self.context.models.route(turn.route)):
                quotes = await self.context.search.quote(_question(turn), turn.passages)
        except DeskhandError as error:
            reason = f"{reason}; {error}" if reason else str(error)
        if quotes:
            unsure = turn.evidence is not None and turn.evidence < self.options.sure_evidence
            text, citations = quoted_answer(quotes, turn.passages, unsure)
            yield text
            if unsure:
                yield f"\n\nIf this is not what you meant, please ask {self.context.contact}."
            if reason:
                yield "\n\n*No language model could answer, so these are the documents' own words.*"
            citations = tuple(sorted({*cited, *citations}, key=lambda citation: citation.number))
            yield Outcome("degraded" if reason else "answered", reason, citations, EXTRACTIVE, turn.route)
        elif reason:
            yield f"I could not answer this: {reason}. Please ask {self.context.contact}."
            yield Outcome("refused", reason, cited, route=turn.route)
        else:
            reply = abstain(self.context.contact)
            yield reply.text
            yield reply.outcome


def _question(turn: Turn) -> str:
    """The question as it would be understood alone: a follow-up means little without the one before."""
    before = [exchange.text for exchange in turn.history if exchange.role == "user"]
    return " ".join([*before[-1:], turn.message.text])
