"""How sure one can be that the documents answer a question, as a number from 0 to 1.

    evidence = 1 / (1 + e^-(4.5 cosine + 0.8 coverage + ln(1 + terms) - 1.5 missing - 3.4))

of the best passage. `missing` says how rare the rarest word of the question is that the passage lacks
(`knowledge/missing.py`); in other languages than English it is the share of the question's weight (IDF)
on words that no readable document has; it is at least the share of the question's codes that the best
passages lack. A cosine alone takes short questions for better understood than they are: few words are
near to much. So the number of the question's weighty terms counts as well. Fitted on questions with and
without an answer in five sets (docs/decisions/0042-what-a-passage-lacks.md).
"""

import math

_COSINE, _COVERAGE, _TERMS, _MISSING, _CONSTANT = 4.5, 0.8, 1.0, -1.5, -3.4


def evidence_of(cosine: float, coverage: float, terms: int, missing: float) -> float:
    """Likelihood of an answer, where answerable and unanswerable questions are equally many."""
    logit = (
        _COSINE * cosine + _COVERAGE * min(coverage, 1.5) + _TERMS * math.log1p(terms) + _MISSING * missing + _CONSTANT
    )
    return round(1 / (1 + math.exp(-logit)), 6)
