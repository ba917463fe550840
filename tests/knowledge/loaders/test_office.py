"""Slides, sheets, e-mail, ODT and RTF."""

import zipfile
from datetime import date
from io import BytesIO

import pytest

from knowledge.documents import Block, DocumentError, Heading, NothingToRead
from knowledge.loaders import load as load_any
from knowledge.loaders.eml import load_eml
from knowledge.loaders.odt import load_odt
from knowledge.loaders.pptx import load_pptx
from knowledge.loaders.rtf import load_rtf
from knowledge.loaders.sheets import load_csv, load_sheets
from tests.knowledge.loaders.make import odt, pptx, xlsx, zipped


def test_a_slide_is_a_page_with_its_title_and_notes() -> None:
    document = load_pptx(pptx([("Onboarding", ["Badge", "Laptop"], "Ask Ada."), ("The office", [], "")]), "Name")
    assert (document.title, document.pages) == ("Onboarding", 2)
    assert document.blocks == (
        Block("- Badge\n- Laptop", (), "list", page=1),
        Block("Speaker notes: Ask Ada.", (), page=1),
        Block("The office", ("The office",), page=2),
    )


def test_a_sheet_is_a_heading_and_its_numbers_are_readable() -> None:
    document = load_sheets(xlsx([["Travel rates"], [], ["City", "Rate"], ["Leeds", 45], ["Ghent", 0.1]]), "Rates")
    assert document.title == "Rates"
    assert [block.headings for block in document.blocks] == [("Days",), ("Days",)]
    assert document.blocks[0].text == "Travel rates"
    assert document.blocks[1].text.split("\n")[2:] == ["| Leeds | 45 |", "| Ghent | 0.1 |"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_columns_of_a_csv_file_are_found(delimiter: str) -> None:
    rows = [["Name", "Note"], ["Ada", '"a, b; c"'], ["Bo", "x"]]
    content = "\n".join(delimiter.join(row) for row in rows).encode("utf-16")
    [block] = load_csv(content, "Name").blocks
    assert (block.kind, block.line) == ("table", 1)
    assert block.text.split("\n") == ["| Name | Note |", "| --- | --- |", "| Ada | a, b; c |", "| Bo | x |"]


def test_rows_of_different_lengths_and_titles_above_a_table_are_kept() -> None:
    blocks = load_csv(b"Contacts,,\n\nName,Phone,Room\nAda,12\nBo,13,2,extra\n", "Name").blocks
    assert [block.line for block in blocks] == [1, 3]
    assert blocks[1].text.split("\n")[2:] == ["| Ada | 12 |  |  |", "| Bo | 13 | 2 | extra |"]


def test_a_message_names_sender_date_and_attachments() -> None:
    message = (
        b"From: Ada <ada@example.com>\nTo: all@example.com\nSubject: =?utf-8?q?Parking_=C3=BCber_all?=\n"
        b"Date: Tue, 3 Feb 2026 10:00:00 +0000\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\nUse gate 2.\n\n> Which gate?'
        b"\n"
        b'--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename="map.pdf"\n\nxxxx\n--b--\n'
    )
    document = load_eml(message, "Name")
    assert (document.title, document.updated) == ("Parking über all", date(2026, 2, 3))
    texts = [block.text for block in document.blocks]
    assert texts[0].startswith("From: Ada <ada@example.com>\nTo: all@example.com\nDate: ")
    assert texts[1:3] == ["Use gate 2.", "> Which gate?"]
    assert "map.pdf (application/pdf, 1 kB)" in texts[3]


def test_a_forwarded_message_is_read_and_html_alone_is_enough() -> None:
    inner = b"From: b@example.com\nSubject: Old\nContent-Type: text/html\n\n<p>Inner <b>text</b></p><script>x</script>"
    message = b'From: a@example.com\nSubject: Fwd\nContent-Type: multipart/mixed; boundary="b"\n\n--b\n' \
        b"Content-Type: message/rfc822\n\n" + inner + b"\n--b--\n"  # fmt: skip
    document = load_eml(message, "Name")
    assert document.blocks[-1] == Block("Inner **text**", ("Forwarded message: Old",))
    assert document.outline == (Heading("Forwarded message: Old", 1),)


def test_a_libreoffice_text_keeps_headings_lists_and_tables() -> None:
    cells = "".join(
        f"<table:table-row><table:table-cell><text:p>{a}</text:p></table:table-cell>"
        f"<table:table-cell><text:p>{b}</text:p></table:table-cell></table:table-row>"
        for a, b in (("Level", "Days"), ("A", "25"))
    )
    body = (
        '<text:h text:outline-level="2">Leave</text:h><text:p>Five<text:s/>days<text:tab/>off.</text:p>'
        "<text:list><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>inner</text:p>"
        f"</text:list-item></text:list></text:list-item></text:list><table:table>{cells}</table:table>"
    )
    document = load_odt(odt(body), "Name")
    assert [block.text for block in document.blocks] == [
        "Five days off.",
        "- one\n  - inner",
        "| Level | Days |\n| --- | --- |\n| A | 25 |",
    ]
    assert document.outline == (Heading("Leave", 2),)


def test_rich_text_loses_its_looks_and_keeps_its_letters() -> None:
    content = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\info{\title No}}{\pard\outlinelevel0 Leave\par}"
        rb"{\pard Caf\'e9 \u8364?5 \{x\}\par}{\trowd\pard\intbl A\cell B\cell\row\pard\intbl 1\cell 2\cell\row}"
        rb"\pard{\*\generator x}End\par}"
    )
    document = load_rtf(content, "Name")
    assert document.blocks == (
        Block("Café €5 {x}", ("Leave",)),
        Block("| A | B |\n| --- | --- |\n| 1 | 2 |", ("Leave",), "table"),
        Block("End", ("Leave",)),
    )


def test_the_bytes_of_a_picture_in_rtf_are_no_text() -> None:
    content = rb"{\rtf1 Before.{\pict\bin8 }x}\par{} After.{\bin-5 }}"
    assert [block.text for block in load_rtf(content, "Name").blocks] == ["Before. After."]


def test_a_workbook_without_text_is_skipped() -> None:
    with pytest.raises(NothingToRead, match="no text in any visible sheet"):
        load_sheets(xlsx([[]]), "Name")


def test_a_quotation_mark_that_is_never_closed_does_not_swallow_the_rows_below() -> None:
    [block] = load_csv(b'name,days\nAda,"25\n' + b"Bo,20\n" * 3, "Name").blocks
    assert block.text.split("\n")[2:] == ['| Ada | "25 |', *["| Bo | 20 |"] * 3]
    long = b"Bo," + b"word " * 200 + b"\n"
    many = load_csv(b'name,days\nAda,"25\n' + long * 1100, "Name").blocks  # past the limit of one cell
    assert many[0].text.count("| Bo | word word") == 1100


def test_a_quoted_cell_of_several_lines_in_the_last_row_is_one_cell() -> None:
    [block] = load_csv(b'name,note\nAda,"one\ntwo"\n', "Name").blocks
    assert block.text.split("\n")[2:] == ["| Ada | one two |"]


def test_an_encrypted_message_is_refused_with_what_to_do() -> None:
    head = b"From: a@example.com\nSubject: x\n"
    sealed = head + b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIAG\n"
    pgp = head + b'Content-Type: multipart/encrypted; boundary="b"\n\n--b\nContent-Type: a/b\n\nx\n--b--\n'
    for message in (sealed, pgp):
        with pytest.raises(DocumentError, match=r"an encrypted message .* save its text as PDF"):
            load_eml(message, "Name")


def test_a_message_without_the_boundary_that_it_needs_keeps_its_text() -> None:
    message = b"From: a@example.com\nSubject: x\nContent-Type: multipart/mixed\n\nUse gate 2.\n"
    assert [block.text for block in load_eml(message, "Name").blocks][1:] == ["Use gate 2."]


def test_headers_are_read_whatever_their_encoding_and_length() -> None:
    western = "From: a@example.com\nSubject: Grüße\n\nUse gate 2.\n".encode("cp1252")
    assert load_eml(western, "Name").title == "Grüße"
    many = b"From: a@example.com\nSubject: x\nTo: " + b"a@example.com, " * 20_000 + b"z@example.com\n\nUse gate 2.\n"
    head, text = load_eml(many, "Name").blocks
    assert head.text.endswith(" …")
    assert len(head.text) < 5000
    assert text.text == "Use gate 2."


def test_a_page_that_was_saved_whole_is_read_as_a_page_also_under_the_name_of_a_word_document() -> None:
    saved = (
        b"From: <Saved by a browser>\nSubject: Leave\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/related; boundary="b"\n\n--b\nContent-Type: text/html; charset=utf-8\n'
        b"Content-Transfer-Encoding: quoted-printable\n\n<h1>Gr=C3=BC=C3=9Fe</h1><p>Five days.</p>\n--b--\n"
    )
    for source in ("page.mhtml", "page.doc"):
        document = load_any(saved, source)
        assert (document.title, [block.text for block in document.blocks]) == ("Grüße", ["Five days."])
    with pytest.raises(NothingToRead, match="without any page"):
        load_any(b"MIME-Version: 1.0\nContent-Type: image/png\n\nx", "page.mhtml")


def test_lists_deeper_than_any_real_one_are_refused_and_not_left_out() -> None:
    deep = "<text:list><text:list-item>" * 60 + "<text:p>x</text:p>" + "</text:list-item></text:list>" * 60
    with pytest.raises(DocumentError, match="nested over 40 deep"):
        load_odt(odt(deep), "Name")


def _deck(part: str, old: bytes, new: bytes | None) -> bytes:
    """Two slides with one of the parts changed, or without it."""
    with zipfile.ZipFile(BytesIO(pptx([("Head", ["Some text."], ""), ("Next", ["More."], "")]))) as archive:
        parts: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    content = parts.pop(part)
    assert isinstance(content, bytes)
    assert old in content
    if new is not None:
        parts[part] = content.replace(old, new)
    return zipped(parts)


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("ppt/slides/slide1.xml", b"", None),
        ("ppt/_rels/presentation.xml.rels", b"", None),
        ("ppt/slides/slide1.xml", b"</p:sld>", b""),
        ("ppt/slides/_rels/slide1.xml.rels", b"slideLayout2.xml", b"slideLayout99.xml"),
    ],
)
def test_a_presentation_without_one_of_its_parts_says_that_it_is_damaged(
    part: str, old: bytes, new: bytes | None
) -> None:
    with pytest.raises(DocumentError, match=r"the presentation is damaged \(.*\): open it and save it again"):
        load_pptx(_deck(part, old, new), "Name")


def test_a_container_with_a_broken_part_says_that_it_is_damaged() -> None:
    for content in (pptx([("Head", ["Some text."], "")]), odt("<text:p>x</text:p>")):
        part = b"ppt/slides/slide1.xml" if b"ppt/slides" in content else b"mimetype"
        at = content.index(part) + len(part)
        with pytest.raises(DocumentError, match="is damaged"):
            load_any(content[:at] + bytes(10) + content[at + 10 :], "a.pptx")


def test_a_presentation_without_slides_has_nothing_to_read() -> None:
    with pytest.raises(NothingToRead, match="has no slides"):
        load_pptx(pptx([]), "Name")
