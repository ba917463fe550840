import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.tone import Pair, read_pairs, wrong
from plugins.facts import compare, unsupported

PAIRS = read_pairs()


def of(kind: str, changed: bool) -> list[Pair]:
    return [pair for pair in PAIRS if pair.set == kind and bool(pair.change) == changed]


@pytest.mark.parametrize(
    ("kind", "found", "passed"), [("tune", 0.96, 0.95), ("second", 0.92, 0.84), ("third", 0.9, 0.9)]
)
def test_most_changes_are_found_and_most_good_rewrites_pass(kind: str, found: float, passed: float) -> None:
    changed, kept = of(kind, True), of(kind, False)
    missed, stopped = wrong(changed), wrong(kept)
    assert 1 - len(missed) / len(changed) >= found, missed
    assert 1 - len(stopped) / len(kept) >= passed, stopped


def test_there_are_enough_pairs() -> None:
    assert len(PAIRS) >= 300
    assert len({(pair.draft, pair.rewrite) for pair in PAIRS}) == len(PAIRS)


@pytest.mark.parametrize("draft", sorted({pair.draft for pair in PAIRS}), ids=lambda draft: draft[:30])
def test_a_text_says_the_same_as_itself(draft: str) -> None:
    assert compare(draft, draft) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1,000 people", "1000 people"), ("1 000 people", "1000 people"), ("1.000 Personen", "1000 Personen"),
        ("30 June", "June 30th"), ("30.06.2025", "2025-06-30"), ("le 30 juin", "le 30 Juin"), ("09:30", "9.30 am"),
        ("17 Uhr", "17:00 Uhr"), ("5:30 pm", "17:30"), ("noon", "12:00"), ("£1,000", "1000 GBP"), ("£2k", "£2,000"),
        ("50 %", "50 percent"), ("twenty-five days", "25 days"), ("two weeks", "14 days"), ("90 minutes", "1.5 hours"),
        ("an hour and a half", "1.5 hours"), ("a fortnight", "two weeks"), ("3,5 km", "3.5 km"),
        ("5 to 10 days", "5 days to 10 days"),
        ("5 working days", "five business days"), ("Mon–Fri", "Monday to Friday"),
        ("at least 5 days", "5 days or more"),
        ("https://a.example/x/", "https://a.example/x"), ("A@b.example", "a@b.example"),
        ("+44 20 7946 0123", "+44 (20) 7946-0123"),
        ("cinq jours ouvrés", "5 jours ouvrables"), ("hasta 5 días", "5 días como máximo"),
        ("bis zu 5 Tage", "höchstens 5 Tage"),
    ],
)  # fmt: skip
def test_the_same_fact_written_differently(one: str, other: str) -> None:
    assert compare(one, other) == compare(other, one) == []


@pytest.mark.parametrize(
    ("one", "other", "change"),
    [
        ("5 days", "6 days", "number lost: 5 day"),
        ("5 days", "5 hours", "number lost: 5 day"),
        ("5 days [1].", "5 days [2].", "citation lost: 1"),
        ("at most 5 days", "at least 5 days", "limit changed: at most 5 day, now at least"),
        ("You must ask.", "You can ask.", "obligation lost: must"),
        ("It is allowed.", "It is not allowed.", "negation added: not"),
        ("unpaid leave", "paid leave", "negation changed: unpaid"),
        ("Only managers may ask.", "Managers may ask.", "condition lost: only"),
        ("Ask before you go.", "Ask after you go.", "condition changed: before, now after"),
        ("Ask Priya.", "Ask Dana.", "name lost: priya"),
        ("Run `a b`.", "Run `a c`.", "code lost: a b"),
    ],
)
def test_what_a_change_is_called(one: str, other: str, change: str) -> None:
    assert change in map(str, compare(one, other))


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_can_be_compared(one: str, other: str) -> None:
    assert isinstance(compare(one, other), list)


def test_an_answer_is_supported_by_any_of_its_sources() -> None:
    sources = ["Five days until 31 March 2026.", "Write to Priya Nair at people@larkfield.example."]
    assert unsupported("Up to 5 days until 31 March, says Priya Nair [1].", sources) == []
    added = map(str, unsupported("Take 6 days, see https://x.example, says Dana [1].", sources))
    assert list(added) == ["link added: https://x.example", "number added: 6 day", "name added: dana"]
