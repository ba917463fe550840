import pytest

from knowledge.documents import count_words, plain


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        (" -- | ** \n", 0),
        ("One two, three.", 3),
        ("don't re-use v5.2", 3),
        ("休暇は二十日", 6),
        ("휴가 Größe Отпуск", 4),
    ],
)
def test_words_of_every_script_are_counted(text: str, words: int) -> None:
    assert count_words(text) == words


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ('see [the policy](../a(b).md "t") now', "see the policy now"),
        ("![a map](map.png)", "a map"),
        ("[![icon](i.png)](x.md)", "icon"),
        ("**bold** and *it* and __b__ and _i_", "bold and it and b and i"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        ("<b>x</b><br/> <kbd>F1</kbd>", "x F1"),
        ("a < b and b > c", "a < b and b > c"),
        ("<https://a.example/b> <me@a.example>", "https://a.example/b me@a.example"),
        ("| A   |  B |\n|-----|:--:|\n| 1|2 |", "| A | B |\n\n| 1 | 2 |"),
        ("> said\n> so", "said\nso"),
        ("a\n\n\n\nb", "a\n\nb"),
        ("[open", "[open"),
    ],
)
def test_plain_text_keeps_the_words_and_loses_the_markup(markdown: str, expected: str) -> None:
    assert plain(markdown).split() == expected.split()


def test_a_long_run_of_spaces_is_no_table_rule_and_soon_seen() -> None:
    assert plain("a" + " " * 100_000 + "b") == "a" + " " * 100_000 + "b"
    assert plain("| a |\n|:--- | :-: |\n| b |") == "| a |  | b |"
