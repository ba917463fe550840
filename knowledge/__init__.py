"""Documents in, evidence out: load, chunk, embed, index, search.

Public face: `open_index` gives an `Index` with `sync` and `search`; a search gives `Found` with
`Passage`s, of which `quote` takes the best sentences. `Upkeep` keeps an index up to date. The company's
documents lie in `docs/` below this folder.
"""

from knowledge.index import Index, open_index
from knowledge.quotes import Quote
from knowledge.receipts import Progress, Receipt, SyncReport
from knowledge.search import Found, Passage
from knowledge.upkeep import Upkeep

__all__ = ["Found", "Index", "Passage", "Progress", "Quote", "Receipt", "SyncReport", "Upkeep", "open_index"]
