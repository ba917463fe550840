from datetime import date

from tests.knowledge.lint.making import document, run


def test_a_review_that_is_due() -> None:
    [finding] = run("expired", document("x", review_by=date(2026, 11, 24)))
    assert (finding.severity, finding.reason) == ("warning", "was to be reviewed by 2026-11-24")
    assert run("expired", document("x", review_by=date(2026, 11, 25), updated=date(2015, 1, 1))) == []


def test_a_document_that_nobody_reviews() -> None:
    assert [found.severity for found in run("expired", document("x", updated=date(2021, 5, 1)))] == ["note"]
    assert run("expired", document("x", updated=date(2025, 5, 1))) == []


def test_a_title_of_a_year_long_past() -> None:
    assert [found.severity for found in run("expired", document("x", title="Holidays 2023"))] == ["note"]
    assert [found.reason for found in run("expired", document("x", title="Minutes 2023-01"))] == [
        "the title 'Minutes 2023-01' is of 2023"
    ]
    for title in (
        "Holidays 2026",
        "Holidays 2025",
        "Holidays 2023-2026",
        "Form 2023.5",
        "Rooms 20230",
        "Annual report 2024-25",
        "History since 1998",
        "ISO 9001:2015",
        "Office 2019",
        "Equality Act 2010",
    ):
        assert run("expired", document("x", title=title)) == []


def test_dates_that_contradict_each_other() -> None:
    assert [found.severity for found in run("dates", document("x", updated=date(2027, 2, 1)))] == ["warning"]
    both = document("x", updated=date(2026, 2, 1), review_by=date(2025, 2, 1))
    assert ["review_by" in found.reason for found in run("dates", both)] == [True]
    later = document("Fine.", "Last updated: 2026-06-01", updated=date(2024, 2, 1))
    assert [(found.line, found.severity) for found in run("dates", later)] == [(5, "note")]
    assert run("dates", document("Last updated: 2024-01-31", updated=date(2024, 2, 1))) == []
    assert run("dates", document("Last updated: 2026-06-01")) == []
    assert run("dates", document("Stand: 32.13.2026", updated=date(2024, 2, 1))) == []
