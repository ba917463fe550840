"""What every loader promises, whatever bytes it is given."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.documents import Document, DocumentError, NothingToRead
from knowledge.loaders import LOADERS, Loader, loader_for, name_of
from knowledge.loaders import load as load_any
from knowledge.loaders.html import load_html
from knowledge.loaders.markdown import load_markdown
from knowledge.loaders.pdf import load_pdf
from knowledge.loaders.text import load_text
from tests.knowledge.loaders import make

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
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


class TextContract:
    """What loaders of text promise on top."""

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

    def test_a_few_zero_bytes_in_a_text_are_left_out(self) -> None:
        assert "Annual leave is 25 days" in text_of(self.loader, b"Annual leave is 2\x005 days, ask\x00 your manager.")
        assert "Annual leave" in text_of(self.loader, b"Annual leave is 25 days.\n" + bytes(512))

    def test_a_few_broken_bytes_do_not_change_the_encoding_of_all_others(self) -> None:
        mixed = f"{WESTERN} ".encode() * 3 + "Größe".encode("cp1252")
        assert f"{WESTERN} Größe" in text_of(self.loader, mixed)
        assert WESTERN in text_of(self.loader, WESTERN.encode() + "ü".encode()[:1])
        assert "caf\u00e9" in text_of(self.loader, b"Plain words of English text about one caf\xe9 in town. " * 3)

    def test_windows_western_text_keeps_its_letters(self) -> None:
        assert WESTERN in text_of(self.loader, WESTERN.encode("cp1252"))

    def test_japanese_text_of_seven_bits_is_recognised(self) -> None:
        assert "休暇は二十日あります" in text_of(self.loader, JAPANESE.encode("iso2022_jp"))

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


class TestText(TextContract):
    loader = staticmethod(load_text)


class TestMarkdown(TextContract):
    loader = staticmethod(load_markdown)


class TestHtml(TextContract):
    loader = staticmethod(load_html)


SAMPLES = {
    ".md": b"# Head\n\nSome text.",
    ".txt": b"Some text.\n\nMore text.",
    ".html": b"<h1>Head</h1><p>Some text.",
    ".csv": b"name;days\nAda;25\n",
    ".eml": b"From: a@example.com\nSubject: Leave\n\nSome text.\n",
    ".mhtml": b"MIME-Version: 1.0\nContent-Type: text/html\n\n<h1>Head</h1><p>Some text.",
    ".rtf": rb"{\rtf1\ansi Some text.\par}",
    ".pdf": make.pdf([["Some text on a page."]]),
    ".docx": make.docx("<w:p><w:r><w:t>Some text.</w:t></w:r></w:p>"),
    ".odt": make.odt("<text:h>Head</text:h><text:p>Some text.</text:p>"),
    ".pptx": make.pptx([("Head", ["Some text."], "")]),
    ".xlsx": make.xlsx([["name", "days"], ["Ada", 25]]),
}


def test_there_is_a_sample_for_every_loader() -> None:
    assert {LOADERS[extension] for extension in SAMPLES} == set(LOADERS.values())


@pytest.mark.parametrize("extension", SAMPLES)
class TestEveryLoader:
    """The contract, kept by all types."""

    def test_a_document_has_a_title_and_blocks_with_text(self, extension: str) -> None:
        document = read(f"leave-days{extension}", SAMPLES[extension])
        assert isinstance(document, Document)
        assert document.title in ("Leave days", "Leave", "Head")
        assert document.pages is None or document.pages >= 1

    @pytest.mark.parametrize("content", [b"", b"  \n\n"])
    def test_a_file_without_anything_has_nothing_to_read(self, extension: str, content: bytes) -> None:
        assert isinstance(read(f"a{extension}", content), NothingToRead)

    def test_a_file_that_was_not_copied_whole_gives_a_document_or_a_reason(self, extension: str) -> None:
        content = SAMPLES[extension]
        for part in range(1, 12):
            read(f"a{extension}", content[: len(content) * part // 12])

    @pytest.mark.parametrize("other", SAMPLES)
    def test_content_of_another_type_is_read_as_that_or_refused(self, extension: str, other: str) -> None:
        found = read(f"a{extension}", SAMPLES[other])
        if other in (".pdf", ".docx", ".pptx", ".xlsx", ".odt", ".rtf"):
            assert isinstance(found, Document)
            assert found.blocks == LOADERS[other](SAMPLES[other], "A").blocks

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_flipped_bytes_give_a_document_or_a_reason(self, extension: str, data: st.DataObject) -> None:
        content = bytearray(SAMPLES[extension])
        for _ in range(data.draw(st.integers(1, 8))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        read(f"a{extension}", bytes(content))


def read(source: str, content: bytes) -> Document | DocumentError:
    """As the worker does it, but here: what a library raises on a broken file becomes a reason there."""
    try:
        return _checked(load_any(content, source))
    except DocumentError as error:
        refused = error
    except Exception as error:
        refused = DocumentError(f"the reader failed: {error!r}")
    assert len(str(refused).split()) >= 3
    return refused


@pytest.mark.parametrize(
    ("source", "content", "reason"),
    [
        ("a.pdf", b"just some text", "not a PDF file"),
        ("a.docx", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a picture: run OCR"),
        ("a.docx", make.zipped({"notes.txt": "x"}), "an archive without the parts of a DOCX file"),
        ("a.md", make.zipped({"notes.txt": "x"}), "a zip archive: unpack it"),
        ("a.docx", b"PK\x03\x04 and no more", "damaged or was not copied whole"),
        ("a.docx", OLE + "EncryptedPackage".encode("utf-16-le"), "needs a password: save it without one"),
        ("a.doc", OLE + "WordDocument".encode("utf-16-le"), r"an old Word document \(.doc\): save it as DOCX or PDF"),
        ("a.ppt", OLE + "PowerPoint Document".encode("utf-16-le"), "save it as PPTX or PDF"),
        ("a.msg", OLE + "__properties_version1.0".encode("utf-16-le"), "save it as EML or PDF"),
        ("a.txt", b"\x1f\x8b\x08\x00", "a compressed archive"),
        (
            "a.pdf",
            b"<!DOCTYPE html><title>Sign in</title>",
            "the sign-in page .* download the file again while signed in",
        ),
        ("a.pdf", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n", "run `git lfs pull`"),
        ("a.md", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n", "run `git lfs pull`"),
        ("a.pdf", b"/annex/objects/SHA256E-s1--1.pdf\n", "run `git annex get`"),
        ("a.docx", bytes(5000), "nothing but zero bytes: .* copy it again"),
        ("a.txt", bytes(5000), "nothing but zero bytes"),
        ("a.csv", b"SQLite format 3" + bytes(200), "binary data"),
        ("a.docx", OLE + "DRMEncryptedTransform".encode("utf-16-le"), "rights management"),
        ("a.pdf", b"\x00\x00\x00\x18ftypheic" + bytes(50), "a picture: run OCR"),
        ("a.docx", b"7z\xbc\xaf\x27\x1c" + bytes(50), "a compressed archive"),
        ("a.doc", b'<?xml version="1.0"?><w:wordDocument/>', "not a DOC file"),
        ("a.lnk", b"L", "a shortcut, not the document itself"),
        ("a.bin", b"x", "no reader for .bin files: save it as PDF"),
        ("a.zip", b"x", "an archive: unpack it"),
        ("notes", b"x", "no extension in its name"),
        ("a.txt", b"8uPr5e8gVGVzbGEgLSDw4/j5+iDn+unu5CDy7CDk4ff55CDs+On55e0g", "base64"),
    ],
)
def test_a_type_that_cannot_be_read_is_told_with_what_to_do(source: str, content: bytes, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        load_any(content, source)


def test_text_under_the_name_of_an_old_office_file_is_read() -> None:
    assert load_any(b"name\tdays\nAda\t25\n", "a.xls").blocks[0].kind == "table"
    assert [block.text for block in load_any(b"Five days.", "a.doc").blocks] == ["Five days."]


def test_what_was_mended_in_a_text_is_told() -> None:
    assert load_any(b"# Leave\n\nAnnual leave is five\x00 days.\n", "a.md").notes == (
        "1 zero byte left out, the first in line 3: is the file damaged?",
    )
    mixed = "Größe und Straße – ja.\n".encode() * 5 + "Größe\n".encode("cp1252")
    [note] = load_any(mixed, "a.txt").notes
    assert note.startswith("bytes that are no UTF-8, the first in line 6: check its letters")
    for content in ("Größe".encode(), "Größe".encode("cp1252"), "Größe".encode("utf-16"), "Leave".encode("utf-16-le")):
        assert load_any(content, "a.txt").notes == ()


def test_a_page_saved_under_another_name_is_read_as_a_page() -> None:
    assert [block.text for block in load_any(b"<!DOCTYPE html><p>Hello there", "a.txt").blocks] == ["Hello there"]
    assert [block.text for block in load_any(b"<html><p>Hello there", "a.xls").blocks] == ["Hello there"]


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
        ("a.pdf", load_pdf),
        ("a.xyz", None),
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
