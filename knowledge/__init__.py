"""Documents in, evidence out: load, chunk, embed, index, search.

Public face: `open_index` gives an `Index` with `sync` and `search`; a search gives `Found` with
`Passage`s, of which `quote` takes the best sentences. `Upkeep` keeps an index up to date. The company's
documents lie in `docs/` below this folder.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knowledge.index import Index, open_index
    from knowledge.quotes import Quote
    from knowledge.receipts import Progress, Receipt, SyncReport
    from knowledge.search import Found, Passage
    from knowledge.status import GenerationStatus, IndexStatus
    from knowledge.upkeep import Upkeep

__all__ = [
    "Found",
    "GenerationStatus",
    "Index",
    "IndexStatus",
    "Passage",
    "Progress",
    "Quote",
    "Receipt",
    "SyncReport",
    "Upkeep",
    "open_index",
]

_MODULES = {
    "knowledge.index": ("Index", "open_index"),
    "knowledge.quotes": ("Quote",),
    "knowledge.receipts": ("Progress", "Receipt", "SyncReport"),
    "knowledge.search": ("Found", "Passage"),
    "knowledge.status": ("GenerationStatus", "IndexStatus"),
    "knowledge.upkeep": ("Upkeep",),
}


def __getattr__(name: str) -> object:
    """Import what is asked for: the process that reads files needs neither the index nor a database."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
