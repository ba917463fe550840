import re
from datetime import UTC, datetime
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from knowledge.lint.findings import Finding
from knowledge.lint.folder import Linted
from knowledge.lint.page import lint_page

MADE = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def tags(linted: Linted) -> Tags:
    parsed = Tags()
    parsed.feed(lint_page(linted, MADE))
    return parsed


def test_it_shows_figures_chart_and_findings_and_loads_nothing() -> None:
    findings = [
        Finding("secret", "severe", "a.md", "a private key", "take it out", line=5),
        Finding("empty", "warning", "b.pdf", "few words", "run OCR", page=2),
    ]
    page = lint_page(Linted(findings, files=3, documents=3, words=900, notices=["titles were not checked"]), MADE)
    for text in ("3 documents, 900 words", "2026-11-25 09:30", "a private key", "line 5", "page 2", "titles were not"):
        assert text in page
    assert page.count('class="row"') == 2
    assert not re.search(r"(?:src|href|url)\s*[=(]|@import|<script", page)
    assert "prefers-color-scheme: dark" in page


def test_it_says_so_where_nothing_is_wrong() -> None:
    assert "Nothing to mend" in lint_page(Linted(documents=2), MADE)


@given(st.text(), st.text(), st.text())
def test_nothing_of_a_document_becomes_markup(source: str, reason: str, fix: str) -> None:
    evil = f"{reason}<script>alert(1)</script>\"'><img src=x onerror=y>"
    made = tags(Linted([Finding("link", "note", f"{source}<b>", evil, f"{fix}<a href=x>")], notices=[evil]))
    plain = tags(Linted([Finding("link", "note", "a", "b", "c")], notices=["d"]))
    assert made.names == plain.names
    assert made.attributes == plain.attributes
