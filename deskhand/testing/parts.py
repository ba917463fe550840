"""What a plugin is tested with: a small knowledge base, and models that say what the test wants."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from knowledge import Found, Passage, Quote
from plugins.contract import Replace, Turn
from plugins.models import Completion, Messages, Spent
from plugins.prompt import ChatMessage
from plugins.trace import Usage
from settings.errors import ModelError


def make_passage(number: int, text: str = "", source: str = "leave.md") -> Passage:
    """A passage of a document; its text is its own number where none is given."""
    return Passage(
        id=f"p{number}",
        source=source,
        version="1",
        title="Annual leave",
        heading=f"Part {number}",
        text=text or f"Statement number {number}.",
        line=number,
        page=None,
        score=0.9,
        cosine=0.8,
        coverage=0.5,
    )


@dataclass
class ListedKnowledge:
    """A knowledge that finds what the test gave it, and quotes each passage whole."""

    passages: tuple[Passage, ...] = ()
    evidence: float = 0.9
    error: Exception | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    quoted_for: list[str] = field(default_factory=list)

    def add(self, text: str, source: str = "leave.md") -> None:
        """One more passage that every search finds."""
        self.passages += (make_passage(len(self.passages) + 1, text, source),)

    async def search(
        self,
        question: str,
        groups: Sequence[str] = (),
        limit: int | None = None,
        per_document: int | None = None,
        thread: Sequence[str] = (),
        answer: str = "",
    ) -> Found:
        if self.error is not None:
            raise self.error
        self.asked.append(
            {
                "question": question,
                "groups": groups,
                "limit": limit,
                "per_document": per_document,
                "thread": thread,
                "answer": answer,
            }
        )
        return Found(self.passages, self.evidence)

    async def quote(self, question: str, passages: Sequence[Passage]) -> tuple[Quote, ...]:
        if self.error is not None:
            raise self.error
        self.quoted_for.append(question)
        return tuple(Quote(passage, passage.text) for passage in passages)


@dataclass
class ScriptedModels:
    """Language models that say these texts, one after the other, and remember what they were asked.

    When there are no more texts, no model answers: ModelError, as when all of a route are away.
    """

    texts: list[str] = field(default_factory=list)
    asked: list[tuple[str, Sequence[ChatMessage]]] = field(default_factory=list)

    def configured(self, purpose: str) -> bool:
        """Whether there is a text left."""
        return bool(self.texts)

    @property
    def used(self) -> bool:
        """Whether there is a text left."""
        return bool(self.texts)

    async def complete(
        self, purpose: str, messages: Messages, turn: Turn | None = None, *, seconds: float | None = None
    ) -> Completion:
        """The next text, whole."""
        given: Callable[[str], Awaitable[Sequence[ChatMessage]]] | Sequence[ChatMessage] = messages
        self.asked.append((purpose, await given("scripted") if callable(given) else given))
        if not self.texts:
            raise ModelError(f"no model answered {purpose}")
        return Completion(self.texts.pop(0), Spent(Usage(), 0.0, "scripted", purpose))

    async def stream(
        self, purpose: str, messages: Messages, turn: Turn | None = None, *, seconds: float | None = None
    ) -> AsyncGenerator[str | Replace | Spent, None]:
        """The next text, word by word."""
        completion = await self.complete(purpose, messages, turn, seconds=seconds)
        for word in completion.text.split(" "):
            yield word if word is completion.text else f"{word} "
        yield completion.spent
