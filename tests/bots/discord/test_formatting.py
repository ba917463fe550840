"""Tables, and what else Discord does not show."""

from hypothesis import given
from hypothesis import strategies as st

from bots.discord.formatting import without_tables


def test_a_narrow_table_becomes_code_with_columns() -> None:
    table = "Days by level:\n\n| Level | Days |\n|:---|---:|\n| one | 25 |\n| two | 28 |\n\nThat is all."
    assert without_tables(table) == (
        "Days by level:\n\n```\nLevel  Days\n-----  ----\none    25\ntwo    28\n```\n\nThat is all."
    )


def test_a_wide_table_becomes_a_list() -> None:
    words = "words " * 12
    table = f"| Level | Meaning | Note |\n|---|---|---|\n| one | {words} | |\n| two | x | y |"
    assert without_tables(table) == (f"- **one** (Meaning: {words.strip()})\n- **two** (Meaning: x; Note: y)")


def test_what_looks_like_a_table_in_code_stays() -> None:
    code = "```\n| a | b |\n|---|---|\n| 1 | 2 |\n```"
    assert without_tables(code) == code


@given(st.text(alphabet="ab- \n`"))
def test_text_without_a_table_stays_as_it_is(text: str) -> None:
    assert without_tables(text) == text


@given(st.lists(st.lists(st.text(alphabet="abc1", min_size=1, max_size=30), min_size=2, max_size=4), min_size=1))
def test_every_cell_of_a_table_is_shown(rows: list[list[str]]) -> None:
    columns = len(rows[0])
    table = [f"| {' | '.join(f'h{number}' for number in range(columns))} |", "|" + "---|" * columns]
    rows = [(row + ["x"] * columns)[:columns] for row in rows]
    table += [f"| {' | '.join(row)} |" for row in rows]
    shown = without_tables("\n".join(table))
    assert all(cell in shown for row in rows for cell in row)
    assert "|" not in shown
