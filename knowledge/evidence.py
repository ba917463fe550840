"""How sure one can be that the documents answer a question, as a number from 0 to 1.

    evidence = 1 / (1 + e^-(4 cosine + 1 coverage + 1.2 ln(1 + terms) - 4))

of the best passage. A cosine alone takes short questions for better understood than they are: few
words are near to much. So the number of the question's weighty terms counts as well. Fitted on real
questions with and without an answer in three sets (docs/decisions/0018-evidence.md).
"""

import math

_COSINE, _COVERAGE, _TERMS, _CONSTANT = 4.0, 1.0, 1.2, -4.0


def evidence_of(cosine: float, coverage: float, terms: int) -> float:
    """Likelihood of an answer, where answerable and unanswerable questions are equally many."""
    logit = _COSINE * cosine + _COVERAGE * min(coverage, 1.5) + _TERMS * math.log1p(terms) + _CONSTANT
    return round(1 / (1 + math.exp(-logit)), 6)
