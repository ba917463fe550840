"""How an answer came about, as typed records: what `deskhand ask --why` shows.

A trace belongs to one turn and is shown to the person who asked, so it holds nothing that they may not
see: passages were found with their groups, reasons are in words and without secrets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from knowledge import Passage


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer."""

    prompt_tokens: int = 0
    answer_tokens: int = 0


@dataclass(slots=True)
class PluginTrace:
    """What one plugin did in one turn.

    `seconds` is its own time, without the plugins inside it; it grows until the reply has ended.
    """

    plugin: str
    seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class SearchTrace:
    """One search: what was looked for, how good the evidence is, and what was found, best first."""

    question: str
    evidence: float
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class RouteTrace:
    """Which route was taken for a purpose, the models on it, and the rule that chose it."""

    purpose: str
    route: str
    models: tuple[str, ...]
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One model that was tried. `problem` says why it was moved on from; empty where it answered.

    `first_seconds` is the wait for its first piece, None where none came; `cost_usd` is None where
    nobody knows the price; `estimated` tells that the model itself did not say how many tokens it took.
    """

    route: str
    model: str
    seconds: float
    first_seconds: float | None = None
    problem: str = ""
    usage: Usage = Usage()
    cost_usd: float | None = None
    estimated: bool = False


@dataclass(slots=True)
class Trace:
    """Grows while a turn is worked on; the one thing that plugins share and add to."""

    plugins: list[PluginTrace] = field(default_factory=list)
    searches: list[SearchTrace] = field(default_factory=list)
    routes: list[RouteTrace] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    """What is counted over all questions, such as `tone: facts`."""

    def count(self, event: str) -> None:
        """Have something counted that happened in this turn; the totals are kept by day."""
        self.events.append(event)

    def note(self, text: str) -> None:
        """Record a decision that no other record tells, for whoever asks why."""
        self.notes.append(text)

    def searched(self, question: str, evidence: float, passages: Sequence[Passage]) -> None:
        """Record a search."""
        self.searches.append(SearchTrace(question, evidence, tuple(passages)))

    @property
    def cost_usd(self) -> float | None:
        """Of all models together; None where a price is not known."""
        costs = [attempt.cost_usd for attempt in self.attempts if attempt.usage != Usage()]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None
