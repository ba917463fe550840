from hashlib import md5

import pytest

from knowledge.documents import DocumentError, NothingToRead
from knowledge.loaders.pdf import load_pdf
from tests.knowledge.loaders.make import pdf

LEFT = [(72, 700 - 14 * n, 11, f"Left column line {n} runs on and on here") for n in range(8)]
RIGHT = [(330, 700 - 14 * n, 11, f"Right column line {n} is just as long") for n in range(8)]


def test_headings_are_larger_than_the_text_and_pages_are_known() -> None:
    body = [(72, 700, 11, "Days may be carried over until the end of March."), (72, 686, 11, "Ask your manager first.")]
    document = load_pdf(pdf([[(72, 740, 18, "Leave")], [(72, 740, 14, "Carrying over"), *body]]), "Name")
    assert [(h.text, h.page) for h in document.outline] == [("Leave", 1), ("Carrying over", 2)]
    [block] = document.blocks
    assert block.text == "Days may be carried over until the end of March. Ask your manager first."
    assert (block.page, document.pages) == (2, 2)


@pytest.mark.parametrize("rows", [False, True], ids=["drawn by column", "drawn by row"])
def test_columns_are_read_one_after_the_other(rows: bool) -> None:
    lines = [line for pair in zip(LEFT, RIGHT, strict=True) for line in pair] if rows else LEFT + RIGHT
    text = " ".join(block.text for block in load_pdf(pdf([lines]), "Name").blocks)
    assert text.index("Left column line 7") < text.index("Right column line 0")
    assert "line 0 runs on and on here Left column line 1" in text


def test_rows_of_cells_become_a_table() -> None:
    rows = [("Level", "Days"), ("Junior", "25"), ("Senior", "28")]
    cells = [(x, 700 - 14 * n, 11, text) for n, row in enumerate(rows) for x, text in zip((72, 250), row, strict=True)]
    [block] = load_pdf(pdf([cells]), "Name").blocks
    assert block.kind == "table"
    assert block.text.split("\n") == ["| Level | Days |", "| --- | --- |", "| Junior | 25 |", "| Senior | 28 |"]


def test_what_repeats_at_the_edge_of_pages_is_dropped() -> None:
    pages = [
        [(72, 780, 9, "Acme handbook"), (72, 600, 11, f"Chapter {name} tells more."), (300, 20, 9, f"Page {n} of 4")]
        for n, name in enumerate(("one", "two", "three", "four"), start=1)
    ]
    text = "\n".join(block.text for block in load_pdf(pdf(pages), "Name").blocks)
    assert "Acme" not in text
    assert "Page" not in text
    assert text.count("tells more") == 4


@pytest.mark.parametrize("pages", [[[]], [[]] * 20])
def test_a_scan_is_skipped_with_what_to_do(pages: list[list[str]]) -> None:
    with pytest.raises(NothingToRead, match=r"no text layer.*ocrmypdf"):
        load_pdf(pdf(pages), "Name")


def test_a_damaged_file_says_so() -> None:
    with pytest.raises(DocumentError, match="damaged or was not copied whole"):
        load_pdf(b"%PDF-1.7 and nothing else", "Name")


def test_what_stands_before_the_mark_is_ignored() -> None:
    assert (
        load_pdf(b"\xef\xbb\xbf" + pdf([["Hello world out there."]]), "Name").blocks[0].text == "Hello world out there."
    )


def test_a_list_is_one_block() -> None:
    [intro, block] = load_pdf(pdf([["Bring:", "- your badge", "- your laptop"]]), "Name").blocks
    assert (intro.text, block.kind, block.text) == ("Bring:", "list", "- your badge\n- your laptop")


@pytest.mark.parametrize(
    ("elsewhere", "whole"),
    [
        ("A dual-encoder embeds both.", "dual-encoder"),
        ("The dualencoder embeds both.", "dualencoder"),
        ("It is dual: the encoder embeds both.", "dual-encoder"),
        ("Something else.", "dualencoder"),
    ],
)
def test_a_word_parted_at_the_end_of_a_line_keeps_its_hyphen_where_the_text_knows_it(
    elsewhere: str, whole: str
) -> None:
    lines = [(72, 700, 11, "Passages are found by means of a dual-"), (72, 686, 11, "encoder, which was trained.")]
    document = load_pdf(pdf([[*lines, (72, 600, 11, elsewhere)]]), "Name")
    assert document.blocks[0].text == f"Passages are found by means of a {whole}, which was trained."


def test_lines_that_are_all_there_is_are_no_running_heads() -> None:
    document = load_pdf(pdf([[f"Page {number} of the form"] for number in range(1, 6)]), "Name")
    assert [block.text for block in document.blocks] == [f"Page {number} of the form" for number in range(1, 6)]


def test_scanned_pages_among_pages_of_text_are_told() -> None:
    content = pdf([["Some text on a page."], ["@" * 40], ["@" * 40], []])
    drawn = b"BT /F1 11 Tf 72 760.0 Td (" + b"@" * 40 + b") Tj ET"
    picture = b"q 600 0 0 700 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x80 EI Q"
    assert content.count(drawn) == 2
    [note] = load_pdf(content.replace(drawn, picture.ljust(len(drawn))), "Name").notes
    assert note.startswith(
        "2 of its 4 pages hold pictures and no text, the first is page 2: if they show text, run OCR"
    )
    assert load_pdf(pdf([["Some text on a page."], []]), "Name").notes == ()


def test_a_form_that_only_one_program_shows_is_skipped_with_what_to_do() -> None:
    asked = pdf([["Please wait... Your viewer may not be able to display this type of document."]])
    form = b"/AcroForm << /XFA (<xdp/>) /Fields [] >> /NeedsRendering true /Pages 2 0 R"
    with pytest.raises(NothingToRead, match=r"XFA.*print it there to a new PDF"):
        load_pdf(asked.replace(b"/Pages 2 0 R", form), "Name")


def _encrypted(user: bytes) -> bytes:
    """A page of the oldest kind of encryption (40 bits, PDF 32000-1:2008, 7.6.3) with an owner's password.

    Its text is in the clear, which no program minds: only whether it opens is of interest here.
    """
    padding = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
    owner = _rc4(md5((b"boss" + padding)[:32]).digest()[:5], (user + padding)[:32])  # the format's own
    rights = -44
    key = md5((user + padding)[:32] + owner + rights.to_bytes(4, "little", signed=True) + b"id").digest()[:5]
    entries = f"/O <{owner.hex()}> /U <{_rc4(key, padding).hex()}>"
    trailer = f"/Encrypt << /Filter /Standard /V 1 /R 2 /P {rights} {entries} >> /ID [<6964> <6964>] /Root".encode()
    return pdf([[]]).replace(b"/Root", trailer)


def _rc4(key: bytes, content: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in content:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


def test_a_password_to_open_is_asked_for_and_one_that_only_forbids_copying_is_not() -> None:
    with pytest.raises(DocumentError, match="needs a password: save it without one"):
        load_pdf(_encrypted(b"secret"), "Name")
    with pytest.raises(NothingToRead, match="no text layer"):  # it was opened: the page is empty
        load_pdf(_encrypted(b""), "Name")
