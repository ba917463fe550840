"""What every loader promises, whatever bytes it is given."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.documents import Document, DocumentError, NothingToRead
from knowledge.loaders import LOADERS, Loader, loader_for, name_of
from knowledge.loaders.html import load_html
from knowledge.loaders.markdown import load_markdown
from knowledge.loaders.text import load_text

WESTERN = "Müller – “café” costs €5. A naïve façade; Größe und Straße sind schöne Wörter."
MARKUP = """
--- | # ## * - 1. ``` ~~~ ` > <p> </p> <li> <ul> <td> <table> <b> <h2> <head> <body> <main> <nav> <div> </div>
<!-- --> {{ }} {% %} [a](b) |-|-| word Übung & &amp; <br> <pre> <dl> <dd> title: audience: <meta name=audience>
"""
JAPANESE = "日本語の文書です。休暇は二十日あります。経費は月末までに申請してください。" * 3


def load(loader: Loader, content: bytes) -> Document | DocumentError:
    """The document, or the refusal; anything else that is raised fails the test."""
    try:
        document = loader(content, "Name")
    except DocumentError as error:
        refused = error
    else:
        return _checked(document)
    assert len(str(refused).split()) >= 3
    assert "\n" not in str(refused)
    return refused


def _checked(document: Document) -> Document:
    assert document.title
    assert document.blocks
    assert all(block.text.strip() for block in document.blocks)
    return document


def text_of(loader: Loader, content: bytes) -> str:
    document = loader(content, "Name")
    return "\n".join([document.title, *(block.text for block in document.blocks)])


class LoaderContract:
    loader: Loader

    @pytest.mark.parametrize("content", [b"", b" \r\n\t \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n", b"\n" * 1000])
    def test_a_file_without_text_has_nothing_to_read(self, content: bytes) -> None:
        with pytest.raises(NothingToRead, match="text"):
            self.loader(content, "Name")

    @pytest.mark.parametrize("content", [b"a\x00b", b"\x00" * 100, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"])
    def test_binary_data_is_refused_with_a_hint_at_the_extension(self, content: bytes) -> None:
        with pytest.raises(DocumentError, match=r"binary data.*extension"):
            self.loader(content, "Name")

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
    def test_unicode_is_read_by_its_mark(self, encoding: str) -> None:
        assert WESTERN in text_of(self.loader, WESTERN.encode(encoding))

    @pytest.mark.parametrize("content", [b"\xff\xfea", b"\xef\xbb\xbf\xff"])
    def test_a_mark_that_lies_is_refused_with_the_place(self, content: bytes) -> None:
        with pytest.raises(DocumentError, match="broken at byte"):
            self.loader(content, "Name")

    def test_windows_western_text_keeps_its_letters(self) -> None:
        assert WESTERN in text_of(self.loader, WESTERN.encode("cp1252"))

    def test_shift_jis_text_is_recognised(self) -> None:
        assert "休暇は二十日あります" in text_of(self.loader, JAPANESE.encode("shift_jis"))

    @pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
    def test_every_kind_of_line_end_gives_the_same_document(self, end: str) -> None:
        lines = ["<p>One two.</p>", "", "<p>Three", "four.</p>", ""]
        assert self.loader(end.join(lines).encode(), "Name") == self.loader("\n".join(lines).encode(), "Name")

    def test_control_characters_are_dropped_and_page_breaks_part_words(self) -> None:
        assert "one two three" in " ".join(text_of(self.loader, b"one\x0ctwo\x08 three").split())

    def test_a_line_of_a_megabyte_is_read_whole(self) -> None:
        assert text_of(self.loader, b"word " * 200_000).count("word") == 200_000

    @pytest.mark.parametrize(
        "content",
        [
            b"<div>" * 3000 + b"x" + b"</div>" * 3000,
            b"<ul><li>x" * 500,
            b"<b>" * 2000 + b"x",
            b">" * 3000 + b" x",
            b"\n".join(b"  " * depth + b"- item" for depth in range(150)),
            b"[" * 3000 + b"x",
            b"`a" * 3000,
            b"<![CDATA[ x",
            b"<!doctype [ x",
            b"<!-- x",
            b"{% x",
        ],
        ids=lambda content: content[:10].decode(),
    )
    def test_deep_nesting_and_open_ends_give_a_document_or_a_reason(self, content: bytes) -> None:
        load(self.loader, content)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(content=st.binary(max_size=400))
    def test_random_bytes_give_a_document_or_a_reason(self, content: bytes) -> None:
        load(self.loader, content)

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(
        pieces=st.lists(
            st.sampled_from([*MARKUP.split(), "\n", "\n\n", " ", "    "]),
            max_size=40,
        )
    )
    def test_random_markup_gives_a_document_or_a_reason(self, pieces: list[str]) -> None:
        load(self.loader, "".join(pieces).encode())


class TestText(LoaderContract):
    loader = staticmethod(load_text)


class TestMarkdown(LoaderContract):
    loader = staticmethod(load_markdown)


class TestHtml(LoaderContract):
    loader = staticmethod(load_html)


def test_every_registered_loader_has_passed_the_contract() -> None:
    assert {TestText.loader, TestMarkdown.loader, TestHtml.loader} == set(LOADERS.values())


@settings(max_examples=60, deadline=None)
@given(
    paragraphs=st.lists(
        st.sampled_from(["Alpha beta.", "- one\n- two", "# Head", "Two\nlines", "> said", "1. first\n2. second"]),
        min_size=1,
        max_size=8,
    ),
    gap=st.integers(1, 3),
)
@pytest.mark.parametrize("loader", [load_text, load_markdown])
def test_a_block_begins_on_the_line_that_it_names(loader: Loader, paragraphs: list[str], gap: int) -> None:
    source = ("\n" * (gap + 1)).join(f"{text} {number}" for number, text in enumerate(paragraphs))
    document = load(loader, source.encode())
    if isinstance(document, Document):
        for block in document.blocks:
            assert block.line is not None
            assert source.split("\n")[block.line - 1].rstrip() == block.text.split("\n")[0]


@pytest.mark.parametrize(
    ("source", "loader"),
    [
        ("a.md", load_markdown),
        ("x/A.MARKDOWN", load_markdown),
        ("a.b.txt", load_text),
        ("a.HTM", load_html),
        ("a.pdf", None),
        ("md", None),
        (".md", None),
    ],
)
def test_the_extension_chooses_the_loader(source: str, loader: Loader | None) -> None:
    assert loader_for(source) is loader


@pytest.mark.parametrize(
    ("source", "name"),
    [("help/reset_my-password.md", "Reset my password"), ("van booking.md", "Van booking"), ("x/___.md", "x/___.md")],
)
def test_a_file_name_becomes_a_readable_title(source: str, name: str) -> None:
    assert name_of(source) == name
