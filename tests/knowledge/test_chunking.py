import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from knowledge.chunking import Chunk, ChunkSize, chunk_document
from knowledge.documents import Block, Document, count_words

SIZE = ChunkSize(target=40, most=60)
WORD = re.compile(r"w\d+")


def numbered(count: int, start: int = 0) -> str:
    return " ".join(f"w{number}" for number in range(start, start + count))


@st.composite
def documents(draw: st.DrawFn) -> tuple[Document, list[str]]:
    """A document of numbered words, and its lines: blocks name the line where they stand."""
    source: list[str] = []
    blocks = []
    word = 0

    def words(most: int) -> str:
        nonlocal word
        count = draw(st.integers(1, most))
        word += count
        return numbered(count, word - count)

    headings: tuple[str, ...] = ()
    for _ in range(draw(st.integers(1, 8))):
        if draw(st.booleans()):
            depth = draw(st.integers(0, len(headings)))
            headings = (*headings[:depth], f"Head {draw(st.sampled_from(['one', 'two', 'three and four']))}")
        kind = draw(st.sampled_from(["text", "list", "table", "code"]))
        count = draw(st.integers(1, 8))
        if kind == "text":
            lines = [f"{words(30).capitalize()}{draw(st.sampled_from(['.', '!', '']))}" for _ in range(count)]
            lines = [line.replace("W", "w") for line in lines]
        elif kind == "list":
            lines = [line for _ in range(count) for line in (f"- {words(30)}", f"  {words(5)}")]
        elif kind == "table":
            lines = ["| Name | Value |", "|---|---|", *(f"| {words(10)} | {words(10)} |" for _ in range(count))]
        else:
            lines = ["```", *(words(10) for _ in range(count)), "```"]
        blocks.append(Block("\n".join(lines), headings, kind, len(source) + 1))  # type: ignore[arg-type]
        source += [*lines, ""]
    return Document("Title", tuple(blocks), ("key", "other")), source


def words_of(chunks: list[Chunk]) -> list[str]:
    return WORD.findall("\n".join(chunk.text for chunk in chunks))


@settings(max_examples=80, deadline=None)
@given(documents())
def test_every_chunk_keeps_within_the_limit_and_no_word_is_lost_or_moved(made: tuple[Document, list[str]]) -> None:
    document, source = made
    chunks = chunk_document(document, SIZE)
    assert words_of(chunks) == WORD.findall("\n".join(source))
    assert max(count_words(chunk.text) for chunk in chunks) <= SIZE.most
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))


@settings(max_examples=60, deadline=None)
@given(documents())
def test_lines_rise_and_hold_the_first_word_of_their_chunk(made: tuple[Document, list[str]]) -> None:
    document, source = made
    chunks = chunk_document(document, SIZE)
    lines = [chunk.line for chunk in chunks if chunk.line is not None]
    assert len(lines) == len(chunks)
    assert lines == sorted(lines)
    for chunk, line in zip(chunks, lines, strict=True):
        first = WORD.findall(chunk.text)[0]
        below = "\n".join(source[line - 1 :])
        assert WORD.findall(below)[0] == first or first in source[line - 1].split()


@settings(max_examples=40, deadline=None)
@given(documents())
def test_title_and_heading_path_are_searched_and_keywords_once(made: tuple[Document, list[str]]) -> None:
    chunks = chunk_document(made[0], SIZE)
    for chunk in chunks:
        lines = chunk.searched.split("\n")
        assert lines[0] == "Title"
        assert not chunk.headings or lines[1] == chunk.heading
    assert [chunk.ordinal for chunk in chunks if "key, other" in chunk.searched.split("\n")[:3]] == [0]


@settings(max_examples=30, deadline=None)
@given(documents())
def test_the_same_document_gives_the_same_chunks(made: tuple[Document, list[str]]) -> None:
    assert chunk_document(made[0], SIZE) == chunk_document(made[0], SIZE)


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(st.sampled_from("abc1.,;-'’ \n日本語。ー「」!?"), min_size=1, max_size=600),
    kind=st.sampled_from(["text", "list", "code"]),
)
def test_any_text_keeps_its_characters_and_the_limit(text: str, kind: str) -> None:
    assume(text.strip())
    chunks = chunk_document(Document("T", (Block(text, kind=kind),)), ChunkSize(20, 30))  # type: ignore[arg-type]
    assert re.sub(r"\s", "", "".join(chunk.text for chunk in chunks)) == re.sub(r"\s", "", text)
    assert all(len(chunk.text) > 0 and count_words(chunk.text) <= 30 for chunk in chunks)


def test_parts_of_a_table_repeat_its_header() -> None:
    rows = [f"| Room {number} | {number} chairs and a screen |" for number in range(40)]
    block = Block("\n".join(["| Room | Fittings |", "|---|---|", *rows]), kind="table", line=7)
    chunks = chunk_document(Document("Rooms", (block,)), SIZE)
    assert len(chunks) > 3
    assert all(chunk.text.startswith("| Room | Fittings |\n|---|---|\n| Room ") for chunk in chunks)
    assert [row for chunk in chunks for row in chunk.text.split("\n")[2:]] == rows
    for chunk in chunks:
        assert chunk.line is not None
        assert chunk.line in (7, 9 + rows.index(chunk.text.split("\n")[2]))


def test_only_a_header_that_is_long_itself_makes_a_chunk_longer() -> None:
    header = f"| {numbered(70)} |"
    block = Block(
        "\n".join([header, "|---|", *(f"| {numbered(8, start)} |" for start in range(100, 180, 8))]), kind="table"
    )
    chunks = chunk_document(Document("T", (block,)), SIZE)
    assert all(count_words(chunk.text) <= 70 + SIZE.target // 4 for chunk in chunks)


def test_a_row_longer_than_a_chunk_is_cut_under_its_header() -> None:
    block = Block(f"| A |\n|---|\n| {numbered(150)} |", kind="table", line=1)
    chunks = chunk_document(Document("T", (block,)), SIZE)
    assert words_of(chunks) == numbered(150).split()
    assert all(chunk.text.startswith("| A |\n|---|\n") and count_words(chunk.text) <= SIZE.most for chunk in chunks)


def test_list_items_that_fit_are_not_cut() -> None:
    items = [
        f"{number}. {numbered(12, number * 100)}\n   and {numbered(4, number * 100 + 50)}" for number in range(1, 12)
    ]
    chunks = chunk_document(Document("T", (Block("\n".join(items), kind="list"),)), SIZE)
    assert len(chunks) > 1
    for item in items:
        assert sum(item in chunk.text for chunk in chunks) == 1


def test_sentences_that_fit_are_not_cut() -> None:
    sentences = [f"Sentence {numbered(9, number * 10)}." for number in range(12)]
    chunks = chunk_document(Document("T", (Block(" ".join(sentences)),)), SIZE)
    assert len(chunks) > 1
    for sentence in sentences:
        assert sum(sentence in chunk.text for chunk in chunks) == 1


def test_small_sections_are_joined_up_to_the_target_with_their_headings() -> None:
    blocks = tuple(Block(numbered(8, number * 10), ("Part", f"Section {number}")) for number in range(10))
    chunks = chunk_document(Document("T", blocks), SIZE)
    assert len(chunks) == 3
    assert all(chunk.headings == ("Part",) and count_words(chunk.text) <= SIZE.target for chunk in chunks)
    assert chunks[0].text.startswith("### Section 0\n\nw0 ")


def test_headings_count_where_many_short_sections_are_joined() -> None:
    blocks = tuple(
        Block(f"w{number}", (f"A heading of quite some words {numbered(15)} {number}",)) for number in range(30)
    )
    assert all(count_words(chunk.text) <= SIZE.most for chunk in chunk_document(Document("T", blocks), SIZE))


def test_a_section_that_stands_alone_carries_its_whole_path() -> None:
    [chunk] = chunk_document(Document("T", (Block("text", ("A", "B")),)), SIZE)
    assert (chunk.headings, chunk.heading, chunk.text, chunk.searched) == (
        ("A", "B"),
        "A > B",
        "text",
        "T\nA > B\ntext",
    )


def test_pages_are_not_joined() -> None:
    chunks = chunk_document(Document("T", (Block("one", page=1), Block("two", page=2))), SIZE)
    assert [(chunk.text, chunk.page) for chunk in chunks] == [("one", 1), ("two", 2)]


@pytest.mark.parametrize(
    "text", ["x" * 100_000, "日本語" * 3_000, "a,b;" * 3_000], ids=["one word", "no spaces", "no spaces, words"]
)
def test_text_without_any_boundary_is_cut_all_the_same(text: str) -> None:
    chunks = chunk_document(Document("T", (Block(text),)), ChunkSize())
    assert "".join(chunk.text for chunk in chunks) == text
    assert all(count_words(chunk.text) <= 260 and len(chunk.text) <= 261 * 30 for chunk in chunks)


def test_markup_is_shown_but_not_searched() -> None:
    [chunk] = chunk_document(Document("T", (Block("See **the** [policy](a/b.md)."),)), SIZE)
    assert (chunk.text, chunk.searched) == ("See **the** [policy](a/b.md).", "T\nSee the policy.")


@pytest.mark.parametrize("line", ["=", "|-|", "~~~", "..."])
def test_lines_without_a_word_are_cut_as_well(line: str) -> None:
    made = Document(title="Rules", blocks=tuple(Block("\n".join([line] * 5000), ()) for _ in range(3)))
    assert max(len(chunk.text) for chunk in chunk_document(made, ChunkSize())) <= 11_000
