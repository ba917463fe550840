"""How sure one can be that the documents answer a question, as a number from 0 to 1.

    evidence = 1 / (1 + e^-(3.3 cosine + 0.3 coverage + 0.7 ln(1 + terms) - 1.2 unknown - 2.8))

of the best passage. `unknown` is the share of the question's weight (IDF) that falls on words which no
readable document has, by no name; or of its codes that the best passages lack. A cosine alone takes
short questions for better understood than they are: few words are near to much. So the number of the
question's weighty terms counts as well. Fitted on real questions with and without an answer in three
sets (docs/decisions/0018-evidence.md).
"""

import math

_COSINE, _COVERAGE, _TERMS, _UNKNOWN, _CONSTANT = 3.3, 0.3, 0.7, -1.2, -2.8


def evidence_of(cosine: float, coverage: float, terms: int, unknown: float) -> float:
    """Likelihood of an answer, where answerable and unanswerable questions are equally many."""
    logit = (
        _COSINE * cosine + _COVERAGE * min(coverage, 1.5) + _TERMS * math.log1p(terms) + _UNKNOWN * unknown + _CONSTANT
    )
    return round(1 / (1 + math.exp(-logit)), 6)
