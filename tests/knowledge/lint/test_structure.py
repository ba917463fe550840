import pytest

from knowledge.documents import Block, Heading
from tests.knowledge.lint.making import document, run

WORDS = "You may carry over five days of annual leave into the next year, until the end of March. " * 3


def test_hardly_any_text() -> None:
    assert [found.reason for found in run("empty", document("See the intranet."))] == ["only 3 words of text"]
    assert run("empty", document(WORDS)) == []


def test_a_scan_has_few_words_a_page() -> None:
    scan = document(blocks=(Block("Page one of the contract", page=1),), pages=12)
    [finding] = run("empty", scan)
    assert (finding.severity, finding.reason) == ("warning", "5 words on 12 pages: perhaps pictures of text")
    assert "OCR" not in finding.fix  # of a PDF alone text can be recognised
    slides = document(blocks=tuple(Block("Our three goals: grow", page=page) for page in range(1, 11)), pages=10)
    assert run("empty", slides, "goals.pptx") == []
    [finding] = run("empty", slides, "goals.pdf")
    assert "OCR" in finding.fix


def test_single_pages_without_text() -> None:
    blocks = tuple(Block(WORDS, page=page) for page in (1, 2, 5))
    [finding] = run("empty", document(blocks=blocks, pages=5))
    assert (finding.severity, finding.page) == ("note", 3)
    assert run("empty", document(blocks=blocks[:2], pages=3)) == []


@pytest.mark.parametrize(
    "title", ["Untitled", "Microsoft Word - Document1", "Untitled-2", "README", "---", "Unbenannt"]
)
def test_titles_that_say_nothing(title: str) -> None:
    assert [found.severity for found in run("title", document(WORDS, title=title))] == ["warning"]


@pytest.mark.parametrize("title", ["Leave", "Document retention", "Home working", "Test strategy", "年次休暇"])
def test_titles_that_say_something(title: str) -> None:
    assert run("title", document(WORDS, title=title)) == []


def test_a_file_name_as_title() -> None:
    assert [found.severity for found in run("title", document(WORDS, title="leave_v3.docx"))] == ["note"]


def test_headings_without_text() -> None:
    outline = (Heading("Leave", 1, 1), Heading("Carry over", 2, 3), Heading("Sick leave", 2, 7), Heading("Notes", 2, 9))
    made = document(outline=outline, blocks=(Block(WORDS, ("Carry over",), line=5), Block(WORDS, ("Notes",), line=11)))
    assert [(found.line, found.reason) for found in run("heading-without-text", made)] == [
        (7, "nothing below 'Sick leave'")
    ]
    assert run("heading-without-text", document(WORDS)) == []


def test_headings_of_documents_without_lines() -> None:
    outline = (Heading("Charter", 1), Heading("Goals", 1), Heading("Risks", 1), Heading("Team", 1))
    made = document(outline=outline, blocks=(Block(WORDS, ("Goals",)), Block(WORDS, ("Team",))))
    [finding] = run("heading-without-text", made, "charter.docx")
    assert finding.reason == "nothing below 'Risks'"
    assert run("heading-without-text", made, "charter.pdf") == []  # there they are guessed by their letters' size


def test_headings_of_a_page_in_one_line() -> None:
    outline = (Heading("Leave", 1, 1), Heading("Empty", 2, 1), Heading("Full", 2, 1))
    made = document(outline=outline, blocks=(Block(WORDS, ("Full",), line=1),))
    assert [found.reason for found in run("heading-without-text", made)] == ["nothing below 'Empty'"]


def test_levels_of_headings_in_plain_text_are_guessed() -> None:
    outline = (Heading("PART TWO", 1, 3), Heading("CHAPTER I", 1, 5), Heading("END", 1, 9))
    made = document(outline=outline, blocks=(Block(WORDS, ("CHAPTER I",), line=7),))
    assert [found.line for found in run("heading-without-text", made, "book.txt")] == [9]


def test_a_table_that_is_cut() -> None:
    def table(rows: int) -> Block:
        return Block(
            "\n".join(["| a | b |", "|---|---|", *["| some words | more words |"] * rows]), kind="table", line=4
        )

    [finding] = run("large-table", document(blocks=(table(200),)))
    assert (finding.line, finding.severity) == (4, "note")
    assert "200 rows" in finding.reason
    assert run("large-table", document(blocks=(table(20),))) == []


def test_a_long_document() -> None:
    assert [found.reason for found in run("long", document("word " * 20_000))] == ["20,000 words in one document"]
    assert run("long", document("word " * 2000)) == []


def test_broken_characters() -> None:
    [finding] = run("characters", document("Fine.", "Ã¼ber die StraÃ¤e fÃ¼r Gäste"))
    assert (finding.severity, finding.line) == ("warning", 5)
    assert run("characters", document("Über die Straße für Gäste, ça va, São Paulo, 10 £, Ångström")) == []
    assert run("characters", document("One \ufffd alone")) == []
