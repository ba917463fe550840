"""Whether two texts say the same: what a rewrite lost, added or changed, without a model.

Public face: `compare(draft, rewrite)` and `unsupported(answer, sources)`, both lists of `Change`.
English in full; numbers, dates, links, marks, negation and obligations in German, French and Spanish.
"""

from plugins.facts.compare import Change, compare, unsupported

__all__ = ["Change", "compare", "unsupported"]
