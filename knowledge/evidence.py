"""How sure one can be that the documents answer a question, as a number from 0 to 1.

    evidence = 1 / (1 + e^-(0.6 answers + 3 cosine - 1.4 unknown - 0.6))

of the best passage. `answers` is the word of the network of `knowledge/answerability.py`, `unknown` the share
of the question's weight (IDF) on words that no readable document has by any name, or the share of the
question's codes that the best passages lack, if that is greater; the former counts less where there are few
documents. Where the network does not know the embedding model, or the documents are in another language, cosine
and unknown are all there is. Fitted on questions with and without an answer in five sets
(docs/decisions/0051-answerability.md, 0057-small-folders-and-other-words.md).
"""

import math

_ANSWERS, _COSINE, _UNKNOWN, _CONSTANT = 0.6, 3.0, -1.4, -0.6
_COSINE_ALONE, _UNKNOWN_BESIDE, _CONSTANT_ALONE = 4.0, -2.0, -1.4


def evidence_of(cosine: float, unknown: float, answers: float | None = None) -> float:
    """Likelihood of an answer, where answerable and unanswerable questions are equally many."""
    if answers is None:
        logit = _COSINE_ALONE * cosine + _UNKNOWN_BESIDE * unknown + _CONSTANT_ALONE
    else:
        logit = _ANSWERS * answers + _COSINE * cosine + _UNKNOWN * unknown + _CONSTANT
    return round(likelihood(logit), 6)


def likelihood(logit: float) -> float:
    """From the logarithm of the odds."""
    return 1 / (1 + math.exp(-logit))
