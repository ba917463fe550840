"""What a run reports: a receipt for every file, and progress on the way."""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from knowledge.catalogue import State


class Receipt(NamedTuple):
    """What became of one file in one run. A tuple, because an idle run makes one for every file.

    `waiting`: the file is missing, and its removal waits to be confirmed. `looked_at`: the file was read,
    or is gone; otherwise the receipt repeats what was known.
    """

    source: str
    state: State
    reason: str = ""
    chunks: int = 0
    new: bool = False
    waiting: bool = False
    looked_at: bool = True


@dataclass(slots=True)
class SyncReport:
    """What one run did: a receipt for every file, and how many chunks had to be embedded."""

    receipts: list[Receipt] = field(default_factory=list)
    embedded: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    """What somebody should know that is about no single file."""

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

    @property
    def waiting(self) -> int:
        """Missing files that were not removed yet."""
        return sum(1 for receipt in self.receipts if receipt.waiting)


class Progress(Protocol):
    """Is told how far a run is. All calls come from the event loop's thread."""

    def start(self, files: int) -> None:
        """So many files have to be read; called again where a second index is built beside the first."""

    def chunks(self, done: int, expected: int) -> None:
        """So many chunks have their vector, of so many expected in all: files not yet read are estimated.

        Embedding is nearly all of the cost, so this is the honest measure, of one large file as well.
        """

    def file(self, receipt: Receipt) -> None:
        """One of them is done."""


class Silent:
    """Progress for nobody."""

    def start(self, files: int) -> None:
        """Say nothing."""

    def chunks(self, done: int, expected: int) -> None:
        """Say nothing."""

    def file(self, receipt: Receipt) -> None:
        """Say nothing."""
