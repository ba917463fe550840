from dataclasses import replace

import pytest

from plugins.attribution import repeated_passage
from tests.plugins.parts import make_passage

PASSAGES = {
    1: replace(make_passage(1), text="Tell your manager by 09:30 local time on the first day you are unwell."),
    3: replace(make_passage(3), text="The badge office is open from 08:00. Bring a photo and your contract."),
}


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        ("You need to tell your manager by 09:30 local time on the first day.", 1),
        ("Bring a photo and your contract; the badge office opens at 08:00.", 3),
        ("You need to tell your manager by 10:30 local time on the first day.", None),  # another time
        ("Send a pigeon to the lighthouse keeper before breakfast tomorrow.", None),
        ("By 09:30.", None),  # too little to tell
        ("", None),
    ],
)
def test_an_answer_is_of_the_passage_that_has_its_words_and_all_its_figures(answer: str, number: int | None) -> None:
    assert repeated_passage(answer, PASSAGES) == number


def test_of_several_the_one_with_most_of_its_words_counts() -> None:
    longer = replace(PASSAGES[1], text=f"{PASSAGES[1].text} Say whether anything urgent needs picking up.")
    answer = "Tell your manager by 09:30 on the first day, and whether anything urgent needs picking up."
    assert repeated_passage(answer, {1: PASSAGES[1], 2: longer}) == 2
