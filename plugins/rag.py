"""rag: finds the passages that the answer is made from, and abstains where there are none."""

from pydantic import Field

from plugins.contract import CallNext, Options, Outcome, Plugin, Reply, Turn
from settings import DeskhandError


class RagOptions(Options):
    """Override `search` of knowledge.yaml for this chain."""

    passages: int | None = Field(None, ge=1, le=50)
    """Passages to retrieve."""
    per_document: int | None = Field(None, ge=1, le=50)
    """At most so many from one document."""
    least_evidence: float = Field(0.4, ge=0, le=1)
    """Weaker evidence (0 to 1) than this means that the documents don't say; 0 never abstains here."""


class Rag(Plugin[RagOptions]):
    """Retrieves passages that everyone in the audience may read.

    Required: an answer without having searched would say that the documents don't say.
    """

    Options = RagOptions
    required = True

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        asked = [exchange.text for exchange in turn.history if exchange.role == "user"]
        try:
            found = await self.context.search.search(
                turn.message.text,
                groups=turn.message.audience,
                limit=self.options.passages,
                per_document=self.options.per_document,
                thread=asked,
                answer=_answer_before(turn),
            )
        except DeskhandError as error:
            text = f"I cannot search the documents at the moment: {error}. Please ask {self.context.contact}."
            return Reply(text, Outcome("refused", str(error)))
        turn.trace.note(f"{len(found.passages)} passages, evidence {found.evidence:.2f}")
        if not found.passages or found.evidence < self.options.least_evidence:
            return abstain(self.context.contact)
        return await call_next(turn.with_(passages=found.passages, evidence=found.evidence))


_NO_ANSWER = ("I could not find this", "I could not answer", "I cannot search")


def _answer_before(turn: Turn) -> str:
    """What the question before was answered with, where it was: what is asked next usually stands near it."""
    last = turn.history[-1] if turn.history else None
    return last.text if last and last.role == "assistant" and not last.text.startswith(_NO_ANSWER) else ""


def abstain(contact: str) -> Reply:
    """Say that the documents don't say, and whom to ask."""
    reason = "the documents don't say"
    return Reply(f"I could not find this in the documents. Please ask {contact}.", Outcome("abstained", reason))
