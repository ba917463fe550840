from hypothesis import given
from hypothesis import strategies as st

from knowledge.evidence import evidence_of

COSINE = st.floats(-1, 1)
COVERAGE = st.floats(0, 3)
TERMS = st.integers(0, 64)
SHARE = st.floats(0, 1)


@given(COSINE, COVERAGE, TERMS, SHARE, SHARE)
def test_evidence_is_a_share_that_grows_with_what_is_found_and_falls_with_what_is_missing(
    cosine: float, coverage: float, terms: int, missing: float, more: float
) -> None:
    evidence = evidence_of(cosine, coverage, terms, missing)
    assert 0 <= evidence <= 1
    assert evidence_of(cosine + more, coverage, terms, missing) >= evidence
    assert evidence_of(cosine, coverage + more, terms, missing) >= evidence
    assert evidence_of(cosine, coverage, terms + 1, missing) >= evidence
    assert evidence_of(cosine, coverage, terms, missing + more) <= evidence


def test_a_question_far_from_everything_has_little_and_one_that_is_met_has_much() -> None:
    assert evidence_of(0.1, 0.0, 3, 0.8) < 0.2
    assert evidence_of(0.7, 1.0, 4, 0.0) > 0.7
