from datetime import date

import pytest

from knowledge.documents import Block, DocumentError
from knowledge.loaders.text import decode, load_text


def test_paragraphs_are_blocks_with_their_lines() -> None:
    document = load_text(b"\nOne.\nStill one.\n\n\nTwo.\n", "Name")
    assert document.blocks == (Block("One.\nStill one.", line=2), Block("Two.", line=6))


def test_the_first_line_is_the_title_where_it_looks_like_one() -> None:
    document = load_text(b"  Parking in Leeds\n\nBook a space.", "Name")
    assert (document.title, [block.text for block in document.blocks]) == ("Parking in Leeds", ["Book a space."])


@pytest.mark.parametrize(
    "first", ["A whole sentence.", "As follows:", "Two\nlines", "word " * 30, "Only paragraph"], ids=lambda t: t[:10]
)
def test_what_does_not_look_like_a_title_is_text(first: str) -> None:
    source = first if first.startswith("Only") else f"{first}\n\nMore."
    document = load_text(source.encode(), "Name")
    assert document.title == "Name"
    assert document.blocks[0].text == first.rstrip()


@pytest.mark.parametrize("line", ["-------", "=====", "~~~"])
def test_an_underlined_line_is_the_heading_of_what_follows(line: str) -> None:
    document = load_text(
        f"Guide\n\nCAR  PARKS\n{line}\nBook early.\n\nRelease it.\n\nBIKES\n{line}\n\nLock it.".encode(), "N"
    )
    assert document.blocks == (
        Block("Book early.", ("CAR PARKS",), line=5),
        Block("Release it.", ("CAR PARKS",), line=7),
        Block("Lock it.", ("BIKES",), line=12),
    )


def test_a_line_of_dashes_under_a_paragraph_or_alone_is_no_underline() -> None:
    document = load_text(b"One\ntwo.\n---\n\n-----\n\nThree", "N")
    assert {block.headings for block in document.blocks} == {()}
    assert "".join(block.text for block in document.blocks).count("-----") == 1


def test_only_an_underlined_heading_is_nothing_to_read() -> None:
    with pytest.raises(DocumentError, match="no text"):
        load_text(b"HEAD\n----\n", "N")


def test_fields_below_the_title_count_as_front_matter() -> None:
    document = load_text(b"PAY BANDS\nOwner: People team\nAudience: managers\nReview by: 2027-01-31\n\nBand 1.", "N")
    assert (document.title, document.audience, document.review_by) == ("PAY BANDS", ("managers",), date(2027, 1, 31))
    assert document.blocks == (Block("Band 1.", line=6),)


@pytest.mark.parametrize("field", ["Room: 12", "Updated", "and so on"])
def test_other_lines_below_the_first_are_text(field: str) -> None:
    document = load_text(f"Desk\nOwner: me\n{field}\n\nMore.".encode(), "N")
    assert document.blocks[0] == Block(f"Desk\nOwner: me\n{field}", line=1)


def test_front_matter_restricts_a_text_file_too() -> None:
    document = load_text(b"---\ntitle: Pay\naudience: managers\nreview_by: 2027-01-31\n---\nBands.\n\nMore.", "N")
    assert (document.title, document.audience, document.review_by) == ("Pay", ("managers",), date(2027, 1, 31))
    assert [block.line for block in document.blocks] == [6, 8]


def test_a_declared_encoding_is_believed_where_it_fits_and_utf_8_does_not() -> None:
    assert decode("Größe".encode("cp437"), "cp437") == "Größe"
    assert decode("Größe".encode(), "cp437") == "Größe"


@pytest.mark.parametrize("declared", ["ascii", "no-such-encoding", "base64"])
def test_a_declared_encoding_that_does_not_fit_is_not_believed(declared: str) -> None:
    text = "Die Größe der Straße überrascht natürlich viele müde Gäste."
    assert decode(text.encode("cp1252"), declared) == text
