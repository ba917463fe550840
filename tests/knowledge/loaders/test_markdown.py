from datetime import date

import pytest

from knowledge.documents import Block, Document, DocumentError, Heading, NothingToRead
from knowledge.loaders.markdown import load_markdown


def load(text: str) -> Document:
    return load_markdown(text.encode(), "Name")


def texts(text: str) -> list[str]:
    return [block.text for block in load(text).blocks]


def test_blocks_carry_the_path_of_their_headings() -> None:
    document = load("# A\n\none\n\n## B\n\ntwo\n\n#### C\n\nthree\n\n## D\n\nfour\n\n# E\n\nfive")
    assert [block.headings for block in document.blocks] == [("A",), ("A", "B"), ("A", "B", "C"), ("A", "D"), ("E",)]


def test_setext_headings_count() -> None:
    document = load("Title\n=====\n\nPart\n----\n\ntext\n")
    assert (document.title, document.blocks) == ("Title", (Block("text", ("Part",), line=7),))


def test_headings_lose_their_markup_but_not_their_words() -> None:
    document = load("# T\n\n## **How** [do I](x.md) `ls` <span>it</span>? {#anchor}\n\ntext")
    assert document.blocks[0].headings[0].startswith("How do I `ls` it?")


def test_a_hash_in_code_is_no_heading_and_code_is_kept_as_it_is() -> None:
    code = "```sh\n# not a heading\n\necho {{ value }} <!-- kept -->\n```"
    document = load(f"Before\n\n{code}\n\nAfter")
    assert document.blocks == (Block("Before", line=1), Block(code, kind="code", line=3), Block("After", line=9))


@pytest.mark.parametrize(
    "code",
    [
        "~~~\n{{ x }}\n~~~",
        "````\n```\n{{ x }}\n```\n````",
        "- item\n\n  ```\n  {{ x }}\n  ```",
        "`{{ x }}` and ``{% ` y %}``",
        "```\n{{ x }} never closed",
        "1. ```\n   {{ x }}\n   ```",
    ],
)
def test_templating_marks_in_code_are_kept(code: str) -> None:
    assert "\n\n".join(texts(code)) == code


def test_templating_marks_and_comments_outside_code_are_dropped() -> None:
    marked = "{% if a %}One{% endif %} {{ two }}three<!-- secret\n\n`x` ```\nsecret -->\n\nFour {{\nfive }}six"
    document = load(marked)
    assert [block.text.split() for block in document.blocks] == [["One", "three"], ["Four", "six"]]
    assert [block.line for block in document.blocks] == [1, 6]


def test_an_open_mark_takes_no_other_paragraph_with_it() -> None:
    assert texts("Use {{ to open.\n\nUse }} to close.") == ["Use {{ to open.", "Use }} to close."]


def test_a_file_of_comments_and_headings_has_nothing_to_read() -> None:
    with pytest.raises(NothingToRead, match="no text"):
        load("# Only\n\n<!-- a comment -->\n\n## Headings\n\n---\n")


def test_front_matter_alone_has_nothing_to_read() -> None:
    with pytest.raises(NothingToRead, match="below the front matter"):
        load("---\ntitle: x\n---\n\n")


def test_tables_and_lists_are_one_block_each() -> None:
    table = "| A | B |\n|---|---|\n| 1 | 2 |"
    bullets = "- one\n  - nested\n\n    more\n- two"
    document = load(f"{table}\n\n{bullets}\n\n1. first\n2. second")
    assert [(block.kind, block.line) for block in document.blocks] == [("table", 1), ("list", 5), ("list", 11)]
    assert [document.blocks[0].text, document.blocks[1].text] == [table, bullets]


def test_inline_html_stays_and_a_block_of_html_becomes_markdown() -> None:
    document = load(
        "Press <kbd>F1</kbd>.\n\n<div>\n<h3>Inner</h3><p>Some <b>bold</b> text.</p>\n<script>no()</script></div>"
    )
    assert document.blocks[0].text == "Press <kbd>F1</kbd>."
    assert "Some **bold** text." in document.blocks[1].text
    assert "no()" not in document.blocks[1].text


def test_a_rule_is_no_block() -> None:
    assert texts("One\n\n---\n\nTwo\n\n***") == ["One", "Two"]


def test_a_rule_at_the_head_is_no_front_matter() -> None:
    document = load("---\n\nOne thing\n\n---\n\nTwo")
    assert "Two" in [block.text for block in document.blocks]


def test_front_matter_is_honoured_and_lines_are_those_of_the_file() -> None:
    document = load(
        "---\ntitle: Pay\nkeywords: a, b\naudience: [hr]\nupdated: 2026-01-02\nreview_by: 2027-01-02\n---\n"
        "# Pay\n\nText"
    )
    assert document == Document(
        "Pay",
        (Block("Text", line=10),),
        ("a", "b"),
        ("hr",),
        date(2026, 1, 2),
        date(2027, 1, 2),
        outline=(Heading("Pay", 1, 8),),
    )


def test_broken_front_matter_is_refused_with_its_line() -> None:
    with pytest.raises(DocumentError, match="line 3"):
        load("---\ntitle: x\naudience: [a\n---\nText")


@pytest.mark.parametrize(
    ("text", "title", "headings"),
    [
        ("---\ntitle: Front\n---\n# Head\n\ntext", "Front", ("Head",)),
        ("---\ntitle: head\n---\n# Head\n\n## Sub\n\ntext", "head", ("Sub",)),
        ("# Head\n\n## Sub\n\ntext", "Head", ("Sub",)),
        ("text without heading", "Name", ()),
        ("# One\n\na\n\n# Two\n\nb", "Name", ("One",)),
        ("Before\n\n# Head\n\ntext", "Name", ()),
    ],
)
def test_the_title_is_the_front_matters_then_the_only_first_heading_then_the_name(
    text: str, title: str, headings: tuple[str, ...]
) -> None:
    document = load(text)
    assert (document.title, document.blocks[0].headings) == (title, headings)


def test_the_outline_has_headings_without_text_as_well() -> None:
    outline = load("# A\n\n## Empty\n\n## B\n\ntext").outline
    assert outline == (Heading("A", 1, 1), Heading("Empty", 2, 3), Heading("B", 2, 5))


def test_a_heading_of_any_length_is_cut_and_stands_below_as_text() -> None:
    long = "word " * 200
    [heading, text] = load_markdown(f"# {long}\n\nText.\n\n# Next\n\nMore.\n".encode(), "a").blocks[:2]
    assert heading.text == long.strip()
    assert text.headings[0].endswith("…")
    assert len(text.headings[0]) <= 301
