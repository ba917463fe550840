from datetime import date

from knowledge.passages import Passage, adjusted, merged, repeated
from knowledge.question import understand
from knowledge.store import Payload


def payload(
    text: str = "Some text.",
    ordinal: int = 0,
    title: str = "Travel policy",
    source: str = "travel.md",
    headings: tuple[str, ...] = (),
    updated: date | None = None,
    version: str = "v1",
) -> Payload:
    return Payload(source, version, ordinal, title, headings, text, ordinal + 1, None, ("everyone",), updated)


def passage(of: Payload, score: float = 0.5) -> Passage:
    heading = " > ".join(of.headings)
    return Passage(
        str(of.ordinal), of.source, of.version, of.title, heading, of.text, of.line, None, score, score, score / 2
    )


def best(question: str, *payloads: Payload) -> int:
    scores = adjusted(dict.fromkeys(range(len(payloads)), 0.5), dict(enumerate(payloads)), understand(question, True))
    return max(scores, key=lambda id_: (scores[id_], -id_))


def test_a_chunk_that_has_the_code_wins_whatever_its_spelling() -> None:
    assert best("what is E-4107", payload("error E-4108"), payload("error e 4107")) == 1


def test_a_quotation_and_a_file_name_are_found_exactly() -> None:
    assert best('who says "ask before you fly"', payload("ask, then fly"), payload("Ask before you fly.")) == 1
    assert best("what is in car-hire.md", payload(source="travel.md"), payload(source="car-hire.md")) == 1


def test_of_two_versions_the_newer_counts_more() -> None:
    old, new = payload(title="Travel policy 2023"), payload(title="Travel policy 2025")
    assert best("hotel limit", old, new) == 1
    assert best("hotel limit", new, old) == 0
    dated = payload(updated=date(2024, 1, 1)), payload(updated=date(2025, 1, 1))
    assert best("hotel limit", *dated) == 1


def test_the_year_that_is_asked_for_counts_more_than_the_newest() -> None:
    old, new = payload(title="Travel policy 2023"), payload(title="Travel policy 2025")
    assert best("hotel limit in 2023", new, old) == 1


def test_a_question_about_now_prefers_newer_documents_of_any_title() -> None:
    old = payload(title="Cars", updated=date(2019, 1, 1))
    new = payload(title="Vans", updated=date(2026, 1, 1))
    assert best("what may i drive", old, new) == 0  # no reason to prefer either
    assert best("what may i drive now", old, new) == 1


def test_chunks_that_follow_each_other_become_one_passage() -> None:
    one = payload("First.", 3, headings=("Hotels",))
    two = payload("Second.", 4, headings=("Hotels", "London"))
    far = payload("Far.", 8)
    [far_away, joined] = merged([(passage(far, 0.9), far), (passage(two, 0.8), two), (passage(one, 0.7), one)])
    assert far_away.text == "Far."
    assert joined.text == "First.\n\n### London\n\nSecond."
    assert (joined.heading, joined.line, joined.score) == ("Hotels", 4, 0.8)


def test_chunks_of_another_version_are_not_joined() -> None:
    one, two = payload("First.", 3), payload("Second.", 4, version="v2")
    assert len(merged([(passage(one), one), (passage(two), two)])) == 2


def test_a_table_that_was_cut_gets_its_head_once() -> None:
    head = "| city | limit |\n|---|---|\n"
    one, two = payload(f"{head}| Leeds | 90 |", 0), payload(f"{head}| Porto | 80 |", 1)
    [joined] = merged([(passage(one), one), (passage(two), two)])
    assert joined.text == f"{head}| Leeds | 90 |\n| Porto | 80 |"


def test_nearly_the_same_words_are_a_repetition() -> None:
    text = " ".join(f"word{number}" for number in range(30))
    assert repeated(payload(f"{text}."), [(7, payload("other")), (8, payload(text.upper()))]) == 8
    assert repeated(payload(text), [(7, payload(f"{text} and much more is said here than there"))]) is None
    assert repeated(payload(text), []) is None
