from datetime import date

import pytest

from knowledge.lint.findings import Finding
from knowledge.lint.similar import signature
from knowledge.lint.versions import Entry, duplicates, versions

TEXT = " ".join(f"word{number}" for number in range(200))


def entry(source: str, title: str = "Title", updated: date | None = None, text: str = "", mtime_ns: int = 0) -> Entry:
    return Entry(source, title, updated, mtime_ns, (text or source).encode(), signature(text))


def found(*entries: Entry) -> list[Finding]:
    return list(versions(entries, set()))


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("policies/annual-leave-2022.md", "policies/annual-leave.md"),
        ("Policy v1.docx", "Policy v2 final.docx"),
        ("Policy draft.docx", "Policy.docx"),
        ("Policy.docx", "Policy final.docx"),
        ("Policy - Copy.docx", "Policy.docx"),
        ("handbook_2024-05-01.pdf", "handbook_2025-05-01.pdf"),
        ("plan-v9.md", "plan-v10.md"),
        ("Reisekosten alt.md", "Reisekosten.md"),
    ],
)
def test_names_tell_versions_apart(older: str, newer: str) -> None:
    for order in ((older, newer), (newer, older)):
        [finding] = found(*(entry(source, title=source) for source in order))
        assert finding.source == older
        assert newer in finding.reason


def test_dates_of_the_documents_count_more_than_names() -> None:
    [finding] = found(entry("pay-2025.md", "a", date(2025, 1, 1)), entry("pay.md", "b", date(2020, 1, 1)))
    assert finding.source == "pay.md"
    assert "updated 2025-01-01 against 2020-01-01" in finding.reason


def test_the_same_title_with_another_year_and_a_related_text() -> None:
    half = TEXT + " and more words" * 20
    [finding] = found(
        entry("a/x.md", "Travel policy 2023", text=TEXT), entry("b/y.md", "Travel policy 2025", text=half)
    )
    assert finding.source == "a/x.md"


@pytest.mark.parametrize(
    "sources",
    [
        ["a/notes-2024.md", "b/notes-2024.md"],
        ["leave.md", "leave-sick.md"],
        ["form-a1.md", "form-a2.md"],
        ["faq.md", "faq.html"],
        [f"minutes-2026-0{month}-01.md" for month in range(1, 9)],
        ["2024.md", "2025.md"],
        ["errors/e-4107.md", "errors/e-4108.md"],
        ["newsletter.md", "letter.md"],
    ],
)
def test_other_names_are_no_versions(sources: list[str]) -> None:
    assert found(*(entry(source, title=source) for source in sources)) == []


def test_the_same_title_alone_is_no_version() -> None:
    assert found(entry("a/x.md", "Getting started"), entry("b/y.md", "Getting started")) == []


def test_duplicates_name_the_shorter_path_once() -> None:
    made = [entry("copy/leave.md", text=TEXT), entry("leave.md", text=TEXT), entry("z/leave2.md", text=f"{TEXT} end")]
    findings = list(duplicates(made))
    assert [finding.source for finding in findings] == ["z/leave2.md", "copy/leave.md"] or [
        finding.source for finding in findings
    ] == ["copy/leave.md", "z/leave2.md"]
    assert all("leave.md" in finding.reason for finding in findings)
    assert list(duplicates(made, {("copy/leave.md", "leave.md"), ("z/leave2.md", "leave.md")})) == []
    assert list(duplicates([entry("a.md", text="short"), entry("b.md", text="short")])) == []
