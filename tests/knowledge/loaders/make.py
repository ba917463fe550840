"""Small documents of every type, made for a test: by hand where a library would write no broken one."""

import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """A zip archive of these parts."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def docx(body: str, **parts: str) -> bytes:
    """A Word document with this body; `styles="..."` and so on name further parts below `word/`."""
    files: dict[str, str | bytes] = {"word/document.xml": f"<w:document {_W} {_R}><w:body>{body}</w:body></w:document>"}
    for name, content in parts.items():
        root = {"styles": "w:styles", "numbering": "w:numbering", "footnotes": "w:footnotes"}.get(name)
        files[f"word/{name}.xml"] = f"<{root} {_W}>{content}</{root}>" if root else content
    return zipped(files)


def paragraph(text: str, style: str = "", properties: str = "") -> str:
    """One paragraph of a Word document."""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{named}{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def odt(body: str) -> bytes:
    """A LibreOffice text."""
    names = " ".join(f'xmlns:{name}="{_ODF}:{name}:1.0"' for name in ("office", "text", "table"))
    inside = f"<office:body><office:text>{body}</office:text></office:body>"
    content = f"<office:document-content {names}>{inside}</office:document-content>"
    return zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content})


def pptx(slides: Sequence[tuple[str, Sequence[str], str]]) -> bytes:
    """Slides of a title, bullets and the speaker's notes."""
    from pptx import Presentation

    deck = Presentation()
    for title, bullets, notes in slides:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = "\n".join(bullets)
        if notes:
            slide.notes_slide.notes_text_frame.text = notes
    buffer = BytesIO()
    deck.save(buffer)
    return buffer.getvalue()


def xlsx(rows: Sequence[Sequence[Any]], dimension: str = "") -> bytes:
    """A workbook with one sheet `Days` of strings and numbers; a tuple `(reference, value)` is put where it says."""
    cells = []
    for number, row in enumerate(rows, start=1):
        texts = []
        for column, value in enumerate(row):
            place = f"{chr(65 + column)}{number}"
            if isinstance(value, str):
                texts.append(f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>')
            elif value is not None:
                texts.append(f'<c r="{place}"><v>{value}</v></c>')
        cells.append(f'<row r="{number}">{"".join(texts)}</row>')
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return zipped(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',  # noqa: E501
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',  # noqa: E501
            "xl/workbook.xml": f'<workbook xmlns="{main}" {_R}><sheets><sheet name="Days" sheetId="1" r:id="r1"/></sheets></workbook>',  # noqa: E501
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}">{dimension}<sheetData>{"".join(cells)}</sheetData></worksheet>',  # noqa: E501
        }
    )


def pdf(pages: Sequence[Sequence[str | tuple[float, float, float, str]]], extra: str = "") -> bytes:
    """Pages of lines in Helvetica: text alone goes below the line before it, a tuple says x, y, size, text."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for lines in pages:
        y = 760.0
        drawn = []
        for line in lines:
            left, bottom, size, text = line if isinstance(line, tuple) else (72, y, 11, line)
            y = bottom - 1.3 * size
            safe = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
            drawn.append(f"BT /F1 {size} Tf {left} {bottom} Td ({safe}) Tj ET")
        stream = "\n".join(drawn)
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        contents = len(objects)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {contents} 0 R "
            f"/Resources << /Font << /F1 3 0 R >> >> {extra} >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n{table}trailer << /Size {len(places) + 1} /Root 1 0 R >>\n"
    return out + f"{end}startxref\n{len(out)}\n%%EOF\n".encode()
