"""rag: finds the passages that the answer is made from, and abstains where there are none."""

from collections.abc import Sequence

from pydantic import Field

from knowledge import Found
from plugins.contract import CallNext, Options, Outcome, Plugin, Reply, Turn
from plugins.phrases import says_no_answer
from plugins.rewriting import both_found, standalone_question
from settings import DeskhandError


class RagOptions(Options):
    """Override `search` of knowledge.yaml for this chain."""

    passages: int | None = Field(None, ge=1, le=50)
    """Passages to retrieve."""
    per_document: int | None = Field(None, ge=1, le=50)
    """At most so many from one document."""
    rewrite_seconds: float = Field(4, gt=0, le=30)
    """Longest wait for a follow-up to be rewritten, where the route `rewrite_query` names a model."""
    least_evidence: float = Field(0.35, ge=0, le=1)
    """Weaker evidence (0 to 1) than this means that the documents don't say; 0 never abstains here."""


class Rag(Plugin[RagOptions]):
    """Retrieves passages that everyone in the audience may read.

    Required: an answer without having searched would say that the documents don't say.
    """

    Options = RagOptions
    required = True

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        question = await standalone_question(turn, self.context.models, self.options.rewrite_seconds)
        try:
            found = await self._search(turn, question)
        except DeskhandError as error:
            text = f"I cannot search the documents at the moment: {error}. Please ask {self.context.contact}."
            return Reply(text, Outcome("refused", str(error)))
        if not found.passages or found.evidence < self.options.least_evidence:
            return abstain(self.context.contact)
        return await call_next(turn.with_(passages=found.passages, evidence=found.evidence, question=question))

    async def _search(self, turn: Turn, question: str) -> Found:
        """As typed, together with the thread; a follow-up that was rewritten is searched as rewritten as well."""
        asked = [exchange.text for exchange in turn.history if exchange.role == "user"]
        typed = await self._found(turn, turn.message.text, asked)
        if not question:
            return typed
        return both_found(await self._found(turn, question, ()), typed)

    async def _found(self, turn: Turn, question: str, thread: Sequence[str]) -> Found:
        found = await self.context.search.search(
            question,
            groups=turn.message.audience,
            limit=self.options.passages,
            per_document=self.options.per_document,
            thread=thread,
            answer=_answer_before(turn) if thread else "",
        )
        turn.trace.searched(question, found.evidence, found.passages)
        return found


def _answer_before(turn: Turn) -> str:
    """What the question before was answered with, where it was: what is asked next usually stands near it."""
    last = turn.history[-1] if turn.history else None
    return last.text if last and last.role == "assistant" and not says_no_answer(last.text) else ""


def abstain(contact: str) -> Reply:
    """Say that the documents don't say, and whom to ask."""
    reason = "the documents don't say"
    return Reply(f"I could not find this in the documents. Please ask {contact}.", Outcome("abstained", reason))
