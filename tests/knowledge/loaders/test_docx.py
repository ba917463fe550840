import pytest

from knowledge.documents import Block, DocumentError, Heading
from knowledge.loaders.docx import load_docx
from tests.knowledge.loaders.make import docx, paragraph, zipped

STYLES = (
    '<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>'
    '<w:style w:styleId="Own"><w:name w:val="Own"/><w:basedOn w:val="berschrift2"/></w:style>'
    '<w:style w:styleId="Titel"><w:name w:val="Title"/></w:style>'
    '<w:style w:styleId="Verzeichnis1"><w:name w:val="toc 1"/></w:style>'
)
BULLETS = (
    '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl>'
    '<w:lvl w:ilvl="1"><w:numFmt w:val="decimal"/></w:lvl></w:abstractNum>'
    '<w:num w:numId="7"><w:abstractNumId w:val="0"/></w:num>'
)


def texts(body: str) -> list[str]:
    return [block.text for block in load_docx(docx(body), "Name").blocks]


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"


def test_headings_are_known_by_the_names_of_their_styles_in_any_language() -> None:
    body = (
        paragraph("Leave policy", "Titel")
        + paragraph("Leave ... 3", "Verzeichnis1")
        + paragraph("Leave", "berschrift1")
        + paragraph("Carrying over", "Own")
        + paragraph("Five days.")
        + paragraph("Empty", "berschrift1")
    )
    document = load_docx(docx(body, styles=STYLES), "Name")
    assert document.title == "Leave policy"
    assert document.blocks == (Block("Five days.", ("Leave", "Carrying over")),)
    assert document.outline == (Heading("Leave", 1), Heading("Carrying over", 2), Heading("Empty", 1))


def test_without_styles_short_lines_in_bold_are_headings() -> None:
    bold = "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>Carrying over</w:t></w:r></w:p>"
    document = load_docx(docx(paragraph("Before.") + bold + paragraph("Five days.")), "Name")
    assert document.blocks == (Block("Before."), Block("Five days.", ("Carrying over",)))


def test_lists_keep_their_depth_and_kind() -> None:
    items = "".join(
        paragraph(text, properties=f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="7"/></w:numPr>')
        for text, level in (("one", 0), ("inner", 1), ("two", 0))
    )
    [block] = load_docx(docx(items, numbering=BULLETS), "Name").blocks
    assert (block.kind, block.text) == ("list", "- one\n  1. inner\n- two")


def test_tables_repeat_what_spans_rows_and_keep_what_is_nested() -> None:
    inner = f"<w:tbl><w:tr>{cell('x')}{cell('y')}</w:tr></w:tbl>"
    first = '<w:vMerge w:val="restart"/>'
    table = (
        f"<w:tbl><w:tr>{cell('Level')}{cell('Days')}</w:tr>"
        f"<w:tr>{cell('A', first)}{cell('1|2')}</w:tr>"
        f"<w:tr>{cell('', '<w:vMerge/>')}<w:tc>{inner}<w:p/></w:tc></w:tr></w:tbl>"
    )
    [block] = load_docx(docx(table), "Name").blocks
    assert block.kind == "table"
    assert block.text.split("\n") == ["| Level | Days |", "| --- | --- |", "| A | 1\\|2 |", "| A | x, y |"]


def test_deleted_text_is_dropped_and_inserted_text_and_text_boxes_are_kept() -> None:
    body = (
        "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>"
        "<w:p><w:r><w:t>by the box</w:t><w:pict><w:txbxContent><w:p><w:r><w:t>in the box</w:t></w:r></w:p>"
        "</w:txbxContent></w:pict></w:r></w:p>"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>in a control</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    assert texts(body) == ["new", "by the box", "in the box", "in a control"]


def test_footnotes_stand_at_the_end_with_their_numbers() -> None:
    body = '<w:p><w:r><w:t>Claim</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    notes = f'<w:footnote w:id="2">{paragraph("Within a month.")}</w:footnote>'
    document = load_docx(docx(body, footnotes=notes), "Name")
    assert document.blocks == (Block("Claim[1]"), Block("[1] Within a month.", ("Notes",)))


def test_strict_open_xml_is_read_as_well() -> None:
    name = "http://purl.oclc.org/ooxml/wordprocessingml/main"
    strict = f'<w:document xmlns:w="{name}"><w:body>{paragraph("Text")}</w:body></w:document>'
    assert load_docx(zipped({"word/document.xml": strict}), "Name").blocks == (Block("Text"),)


def test_a_document_without_text_has_nothing_to_read() -> None:
    with pytest.raises(DocumentError, match="the file has no text"):
        load_docx(docx("<w:p/>"), "Name")


def test_hidden_letters_and_deleted_rows_are_dropped() -> None:
    hidden = "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r><w:r><w:t>shown</w:t></w:r></w:p>"
    again = '<w:p><w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>kept</w:t></w:r></w:p>'
    table = f'<w:tbl><w:tr><w:trPr><w:del w:id="1"/></w:trPr>{cell("gone")}</w:tr><w:tr>{cell("row")}</w:tr></w:tbl>'
    assert texts(hidden + again + table) == ["shown", "kept", "row"]


def _with_chunk(part: str, content: str | bytes, before: str = "") -> bytes:
    names = (
        'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    )
    return zipped(
        {
            "word/document.xml": f'<w:document {names}><w:body>{before}<w:altChunk r:id="r9"/></w:body></w:document>',
            "word/_rels/document.xml.rels": f'<Relationships><Relationship Id="r9" Target="/{part}"/></Relationships>',
            part: content,
        }
    )


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("word/chunk.html", "<h2>Leave</h2><p>Five days.</p>"),
        ("word/chunk.mht", "MIME-Version: 1.0\nContent-Type: text/html\n\n<h2>Leave</h2><p>Five days."),
        ("word/chunk.docx", docx(paragraph("Leave", "berschrift1") + paragraph("Five days."), styles=STYLES)),
    ],
)
def test_a_file_that_is_embedded_as_part_of_the_text_is_read_in_its_place(part: str, content: str | bytes) -> None:
    document = load_docx(_with_chunk(part, content, paragraph("Before.")), "Name")
    assert [block.text for block in document.blocks] == ["Before.", "Leave", "Five days."]
    assert document.notes == ()


def test_an_embedded_file_that_cannot_be_read_is_told() -> None:
    document = load_docx(_with_chunk("word/chunk.bin", b"\x00\x01", paragraph("Before.")), "Name")
    assert [block.text for block in document.blocks] == ["Before."]
    assert document.notes[0].startswith("a part that is embedded in it is left out (word/chunk.bin: no reader")
    with pytest.raises(DocumentError, match=r"left out .* save the document anew in Word"):
        load_docx(_with_chunk("word/chunk.bin", b"\x00\x01"), "Name")
    inner = docx(paragraph("The innermost."))
    for _ in range(6):
        inner = _with_chunk("word/chunk.docx", inner, paragraph("Text."))
    assert [block.text for block in load_docx(inner, "Name").blocks] == ["Text."] * 4


def test_a_text_of_millions_of_letters_in_one_piece_says_so() -> None:
    with pytest.raises(DocumentError, match=r"over 10 million characters in one piece of word/document\.xml"):
        load_docx(docx(paragraph("word " * 2_100_000)), "Name")
