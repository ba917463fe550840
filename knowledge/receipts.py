"""What a run reports: a receipt for every file, and progress on the way."""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from knowledge.catalogue import State


class Receipt(NamedTuple):
    """What became of one file in one run. A tuple, because an idle run makes one for every file."""

    source: str
    state: State
    reason: str = ""
    chunks: int = 0
    new: bool = False


@dataclass(slots=True)
class SyncReport:
    """What one run did: a receipt for every file, and how many chunks had to be embedded."""

    receipts: list[Receipt] = field(default_factory=list)
    embedded: int = 0
    seconds: float = 0.0

    def count(self, state: State) -> int:
        """Number of receipts in a state."""
        return sum(1 for receipt in self.receipts if receipt.state == state)

    @property
    def added(self) -> int:
        """Files indexed for the first time."""
        return sum(1 for receipt in self.receipts if receipt.state == "indexed" and receipt.new)

    @property
    def updated(self) -> int:
        """Files whose new content replaced an earlier one."""
        return self.count("indexed") - self.added


class Progress(Protocol):
    """Is told how far a run is. All calls come from the event loop's thread."""

    def start(self, files: int) -> None:
        """So many files have to be read."""

    def file(self, receipt: Receipt) -> None:
        """One of them is done."""


class Silent:
    """Progress for nobody."""

    def start(self, files: int) -> None:
        """Say nothing."""

    def file(self, receipt: Receipt) -> None:
        """Say nothing."""
