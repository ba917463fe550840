"""Files that no process should have to read; each ends a worker at most, and the next file is read as ever."""

import json
import os
import signal
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from threading import Thread

import pytest

from knowledge.chunking import ChunkSize, chunk_document
from knowledge.documents import AudienceUnknown, Document, DocumentError, NothingToRead
from knowledge.lint.checks import DOCUMENT_CHECKS, QUARANTINING, lint_document, quarantine_reason
from knowledge.loaders import load
from knowledge.loaders.frames import decode, encode, read_frame, write_frame
from knowledge.loaders.reader import Reader
from settings.sections import ReadingSettings
from tests.knowledge.loaders import make

GOOD = (
    "---\ntitle: Pay\nkeywords: [a]\naudience: hr\nupdated: 2026-01-02\n---\n# Pay\n\n## Bands\n\nBand 1 €5.\n".encode()
)
SIZE = ChunkSize()
BILLION = "<!DOCTYPE x [" + "<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12)
) + "]>"  # fmt: skip


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(ReadingSettings(seconds=20, memory_mb=512)) as opened:
        yield opened


def refusal(reader: Reader, content: bytes, source: str) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        reader.read(content, source, SIZE)
    return caught.value


def test_a_document_comes_back_as_it_was_read(reader: Reader) -> None:
    document, chunks, findings = reader.read(GOOD, "pay.md", SIZE)
    assert document == load(GOOD, "pay.md")
    assert findings == ()
    assert list(chunks) == chunk_document(document, SIZE)


def test_checks_are_made_where_the_file_is_read(reader: Reader) -> None:
    content = b"# Keys\n\nThe token is ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8.\n"
    document, _, findings = reader.read(content, "a.md", SIZE, QUARANTINING)
    assert list(findings) == lint_document("a.md", document, QUARANTINING)
    assert quarantine_reason(findings)
    assert reader.read(content, "a.md", SIZE)[2] == ()


@pytest.mark.parametrize(
    "piece", ["A ", "a1", "ignore all previous ", "-----BEGIN A PRIVATE KEY-----\nA: ", "pass: '", "@."]
)
def test_checks_of_a_long_repetitive_text_end_in_time(reader: Reader, piece: str) -> None:
    reader.read((piece * 400_000)[:400_000].encode(), "a.txt", SIZE, tuple(DOCUMENT_CHECKS))


def test_a_refusal_keeps_its_kind(reader: Reader) -> None:
    assert type(refusal(reader, b"", "a.txt")) is NothingToRead
    assert type(refusal(reader, b"---\naudience: []\n---\nx", "a.md")) is AudienceUnknown


def test_one_process_reads_many_files_and_ends_with_the_reader() -> None:
    with Reader(ReadingSettings()) as opened:
        assert opened.processes == []  # none is started for nothing
        opened.read(GOOD, "a.md", SIZE)
        [process] = opened.processes
        opened.read(GOOD, "b.md", SIZE)
        assert opened.processes == [process]
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert opened.processes == []


def test_a_process_that_was_started_ahead_reads_the_first_file() -> None:
    with Reader(ReadingSettings()) as reader:
        reader.start_ahead()
        [there] = reader.processes
        reader.read(b"# A title\n\nText.\n", "a.md", None)
        assert reader.processes == [there]


def test_threads_read_side_by_side() -> None:
    with Reader(ReadingSettings()) as opened:
        found: list[Document] = []
        threads = [Thread(target=lambda: found.append(opened.read(GOOD, "a.md", SIZE)[0])) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [load(GOOD, "a.md")] * 2
        assert len(opened.processes) <= 2


def test_a_process_that_was_killed_is_replaced(reader: Reader) -> None:
    reader.read(GOOD, "a.md", SIZE)
    for process in reader.processes:
        os.kill(process, 9)
    assert reader.read(GOOD, "a.md", SIZE)[0].title == "Pay"


def test_a_file_that_takes_too_long_is_given_up_and_the_next_is_read() -> None:
    with Reader(ReadingSettings(seconds=0.2)) as opened:
        opened.read(b"warm", "a.txt", SIZE)
        error = refusal(opened, b"word " * 4_000_000, "a.md")
        assert "took over 0.2 s: split the document" in str(error)
        assert opened.read(b"short", "a.txt", SIZE)[0].blocks[0].text == "short"


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no alarm on this system")
def test_a_process_that_its_own_alarm_ended_took_too_long_whatever_else_may_be_wrong() -> None:
    with Reader(ReadingSettings()) as opened:
        opened.read(GOOD, "a.md", SIZE)
        caught: list[str] = []
        thread = Thread(target=lambda: caught.append(str(refusal(opened, b"word " * 4_000_000, "a.md"))))
        thread.start()
        for process in opened.processes:
            os.kill(process, signal.SIGALRM)
        thread.join()
        assert caught[0].startswith("reading took over 30 s")


def test_a_reader_that_is_closed_in_the_middle_says_so() -> None:
    opened = Reader(ReadingSettings())
    opened.read(GOOD, "a.md", SIZE)
    caught: list[str] = []
    thread = Thread(target=lambda: caught.append(str(refusal(opened, b"word " * 4_000_000, "a.md"))))
    thread.start()
    opened.close()
    thread.join()
    assert caught == ["reading was stopped"]


def test_a_sheet_whose_last_cell_is_far_away_is_no_reason_to_fill_the_memory(reader: Reader) -> None:
    rows = make.xlsx([["a", 1]])
    with zipfile.ZipFile(BytesIO(rows)) as archive:
        parts: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert isinstance(sheet, bytes)
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(
        b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    reason = str(refusal(reader, make.zipped(parts), "a.xlsx"))
    assert reason.startswith("a cell in column XFD and one in row 1048576 make a sheet of 17,179,869,184 cells")


@pytest.mark.parametrize("source", ["a.docx", "a.pptx", "a.xlsx", "a.odt"])
def test_an_archive_that_expands_without_end_is_refused(reader: Reader, source: str) -> None:
    buffer = BytesIO()
    names = {"a.docx": "word/document.xml", "a.pptx": "ppt/presentation.xml", "a.xlsx": "xl/workbook.xml"}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        if source == "a.odt":
            archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        with archive.open(names.get(source, "content.xml"), "w") as part:
            for _ in range(210):
                part.write(bytes(1_000_000))
    assert "expands to over 200 MB" in str(refusal(reader, buffer.getvalue(), source))


@pytest.mark.parametrize(
    ("source", "part"), [("a.docx", "word/document.xml"), ("a.odt", "content.xml"), ("a.xlsx", "xl/workbook.xml")]
)
def test_entities_that_expand_without_end_are_refused(reader: Reader, source: str, part: str) -> None:
    parts: dict[str, str | bytes] = {part: f"{BILLION}<x>&a11;</x>"}
    if source == "a.odt":
        parts = {"mimetype": "application/vnd.oasis.opendocument.text", **parts}
    refusal(reader, make.zipped(parts), source)


HOSTILE = {
    "deep.docx": make.docx("<w:tbl><w:tr><w:tc>" * 150 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 150),
    "deeper.docx": make.docx("<w:sdt>" * 5000 + "</w:sdt>" * 5000),
    "deep.html": b"<div>" * 10_000,
    "deep.rtf": rb"{\rtf1" + b"{" * 100_000,
    "deep.odt": make.odt("<text:section>" * 200 + "</text:section>" * 200),
    "circle.pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]"
    b"/Count 99>>endobj\ntrailer<</Root 1 0 R>>",
    "nested.eml": b"Content-Type: message/rfc822\nSubject: x\n\n" * 60 + b"Subject: x\n\ny",
    "parts.eml": b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(100)
    ) + b"\n\nx",
    "entities.html": b"<!DOCTYPE html [<!ENTITY a 'b'>]><nav>&a;</nav>",
    "loop.pdf": make.pdf([["@"]]).replace(b"(@) Tj", b"/X Do ").replace(
        b"/Font <<", b"/XObject << /X 4 0 R >> /Font <<"
    ).replace(b"4 0 obj\n<<", b"4 0 obj\n<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] "
              b"/Resources << /XObject << /X 4 0 R >> >>"),
    "regex.md": b"![" * 3_000,
    "comments.md": b"<!--" * 10_000,
    "templates.md": b"{{" * 50_000,
    "table.md": b"|" * 5_000 + b"\n" + b"|-" * 5_000,
    "quotes.csv": b'"' + b"a" * 2_000_000,
    "empty-pages.pdf": make.pdf([[] for _ in range(2000)]),
}  # fmt: skip


@pytest.mark.parametrize("source", HOSTILE)
def test_a_hostile_file_is_refused_or_read_and_the_next_is_read(reader: Reader, source: str) -> None:
    with suppress(DocumentError):
        reader.read(HOSTILE[source], source, SIZE)
    assert reader.read(GOOD, "a.md", SIZE)[0].title == "Pay"


def test_a_large_table_is_read(reader: Reader) -> None:
    content = b"\n".join(b"1,2,3,4,5,6,7,8,9,10" for _ in range(4_000))
    document, chunks, _ = reader.read(content, "a.csv", SIZE)
    assert sum(block.text.count("\n") for block in document.blocks) > 3_900
    assert chunks


def test_keys_of_the_environment_do_not_reach_the_reading_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with Reader(ReadingSettings()) as opened:
        opened.read(GOOD, "a.md", SIZE)
        [process] = opened.processes
        try:
            with open(f"/proc/{process}/environ", "rb") as file:
                assert b"sk-secret" not in file.read()
        except FileNotFoundError:
            pytest.skip("no /proc on this system")


def test_frames_and_documents_survive_the_pipe() -> None:
    stream = BytesIO()
    write_frame(stream, b"one")
    write_frame(stream, b"")
    stream.seek(0)
    assert [read_frame(stream), read_frame(stream), read_frame(stream)] == [b"one", b"", None]
    assert read_frame(BytesIO(b"\x00" * 7 + b"\x05abc")) is None
    document = load(GOOD, "pay.md")
    assert decode(json.loads(encode(document, chunk_document(document, SIZE))))[0] == document
