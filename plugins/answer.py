"""answer: the innermost plugin. Tries the models of the route in order, and quotes as a last resort."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from pydantic import Field

from knowledge import Quote
from knowledge.question import stands_alone
from plugins.attribution import repeated_passage
from plugins.citations import CitationFilter
from plugins.contract import CallNext, Citation, Options, Outcome, Pieces, Plugin, Replace, Reply, Status, Turn
from plugins.extractive import EXTRACTIVE, quoted_answer
from plugins.models import NoModel, Spent
from plugins.prompt import NOT_FOUND, ChatMessage, build_messages, build_prompt
from plugins.rag import abstain
from settings.errors import DeskhandError, ModelError


class AnswerOptions(Options):
    """How sure quotes have to be."""

    sure_evidence: float = Field(0.5, ge=0, le=1)
    """Quotes on weaker evidence than this are introduced as perhaps beside the point."""


class Answer(Plugin[AnswerOptions]):
    """Phrases the answer from the passages."""

    Options = AnswerOptions

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        return Reply(pieces=self._pieces(turn))

    async def _pieces(self, turn: Turn) -> Pieces:
        shown, reason = False, ""
        try:
            async with aclosing(self._from_models(turn)) as pieces:
                async for piece in pieces:
                    shown = shown or not isinstance(piece, Outcome)
                    yield piece
            return
        except NoModel:
            pass
        except ModelError as error:
            reason = str(error)
        async for piece in self._from_documents(turn, reason):
            if shown and isinstance(piece, str):
                yield Replace(piece)
                shown = False
            else:
                yield piece

    async def _from_models(self, turn: Turn) -> AsyncGenerator[str | Replace | Outcome, None]:
        """Stream the route's answer; its first words are held back while they may say "not found"."""
        models = self.context.models
        marks, start, again, shown = CitationFilter(turn.passages), "", False, False
        said, deciding, fitting = "", True, dict(enumerate(turn.passages, start=1))

        def piece_of(text: str) -> str | Replace:
            nonlocal again, shown, said
            piece: str | Replace = Replace(text) if again else text
            said = text if again else said + text
            again, shown = False, True
            return piece

        async def prompt(model: str) -> Sequence[ChatMessage]:
            """What fits into the model's window; without a model, to tell how long it would be."""
            nonlocal fitting
            if not model:
                return await asyncio.to_thread(build_messages, turn)
            built = await asyncio.to_thread(build_prompt, turn, models.window(model))
            fitting = built.passages
            marks.only(fitting)
            if built.left_out:
                turn.trace.note(built.left_out)
            return built.messages

        async with aclosing(models.stream(turn.route, prompt, turn)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Spent):
                    spent = piece
                    break
                if isinstance(piece, Replace):  # another model begins from the start
                    marks, start, again, deciding = CitationFilter(turn.passages), "", shown, True
                    marks.only(fitting)
                    piece = piece.text
                if deciding:
                    start += piece
                    deciding = NOT_FOUND.startswith(start.strip()[: len(NOT_FOUND)])
                    piece = start.lstrip()
                if not deciding and (text := marks.feed(piece)):
                    yield piece_of(text)
        if deciding and start.strip().startswith(NOT_FOUND):
            reply = abstain(self.context.contact)
            yield piece_of(reply.text)
            yield _outcome("abstained", reply.outcome.reason, (), spent)
            return
        if rest := marks.feed(start if deciding else "") + marks.end():
            yield piece_of(rest)
        citations = marks.citations
        if not citations and (number := repeated_passage(said, fitting)) is not None:
            citations = (Citation(number, fitting[number]),)
            yield piece_of(f" [{number}]")
            turn.trace.note(f"the model named no source; its words are those of passage {number}")
        if spent.cut:
            yield piece_of("\n\n*The answer ends here because it reached the model's length limit.*")
            yield _outcome("degraded", "the answer was cut at the model's length limit", citations, spent)
        elif citations or not turn.passages:
            yield _outcome("answered", "", citations, spent)
        else:
            yield _outcome("degraded", "the answer names no source", marks.citations, spent)

    async def _from_documents(self, turn: Turn, reason: str) -> AsyncIterator[str | Outcome]:
        """Quote the passages; honest about why where a model should have answered."""
        route = turn.trace.routes[-1]  # the one that has just led nowhere
        quotes: tuple[Quote, ...] = ()
        try:
            if turn.passages and EXTRACTIVE in route.models:
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
                yield f"\n\n*No language model could answer ({reason}): these are the documents' own words.*"
            yield Outcome("degraded" if reason else "answered", reason, citations, EXTRACTIVE, route.route)
        elif reason:
            yield f"I could not answer this: {reason}. Please ask {self.context.contact}."
            yield Outcome("refused", reason, route=route.route)
        else:
            reply = abstain(self.context.contact)
            yield reply.text
            yield reply.outcome


def _outcome(status: Status, reason: str, citations: tuple[Citation, ...], spent: Spent) -> Outcome:
    return Outcome(status, reason, citations, spent.model, spent.route, spent.usage, spent.cost_usd)


def _question(turn: Turn) -> str:
    """The question as it would be understood alone; what was asked before would draw a new topic back to the old."""
    if turn.question:
        return turn.question
    if stands_alone(turn.message.text):
        return turn.message.text
    before = [exchange.text for exchange in turn.history if exchange.role == "user"]
    return " ".join([*before[-1:], turn.message.text])
