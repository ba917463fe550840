from hypothesis import given
from hypothesis import strategies as st

from knowledge.evidence import evidence_of

COSINE = st.floats(-1, 1)
SHARE = st.floats(0, 1)
ANSWERS = st.none() | st.floats(-20, 20)


@given(COSINE, SHARE, ANSWERS, SHARE)
def test_evidence_is_a_share_that_grows_with_what_is_found_and_falls_with_what_is_unknown(
    cosine: float, unknown: float, answers: float | None, more: float
) -> None:
    evidence = evidence_of(cosine, unknown, answers)
    assert 0 <= evidence <= 1
    assert evidence_of(cosine + more, unknown, answers) >= evidence
    assert evidence_of(cosine, unknown + more, answers) <= evidence
    if answers is not None:
        assert evidence_of(cosine, unknown, answers + more) >= evidence


def test_a_question_far_from_everything_has_little_and_one_that_is_met_has_much() -> None:
    assert evidence_of(0.1, 0.8) < 0.2
    assert evidence_of(0.7, 0.0) > 0.7
    assert evidence_of(0.4, 0.1, -4) < 0.2
    assert evidence_of(0.5, 0.0, 3) > 0.7
