"""Slides, sheets, e-mail, ODT and RTF."""

from datetime import date

import pytest

from knowledge.documents import Block, Heading, NothingToRead
from knowledge.loaders.eml import load_eml
from knowledge.loaders.odt import load_odt
from knowledge.loaders.pptx import load_pptx
from knowledge.loaders.rtf import load_rtf
from knowledge.loaders.sheets import load_csv, load_sheets
from tests.knowledge.loaders.make import odt, pptx, xlsx


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
