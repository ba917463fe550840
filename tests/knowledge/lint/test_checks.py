import re
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.documents import Block, Document, Heading
from knowledge.lint.checks import (
    CORPUS_CHECKS,
    DOCUMENT_CHECKS,
    QUARANTINING,
    accepted_checks,
    lint_document,
    quarantine_checks,
    quarantine_reason,
    quarantine_rule,
)
from settings import Home, SettingsError, load_settings
from settings.sections import LintSettings
from settings.sections.knowledge import CheckName
from tests.knowledge.lint.making import AWS, TOKEN, document

PAGE = Path(__file__).resolve().parents[3] / "docs" / "lint.md"


def test_the_settings_know_every_check_and_the_page_explains_it() -> None:
    names = [*DOCUMENT_CHECKS, *CORPUS_CHECKS]
    assert sorted(get_args(CheckName)) == sorted(names)
    sections = re.findall(r"^### `([\w-]+)`\n\n(.*?)(?=^#|\Z)", PAGE.read_text(encoding="utf-8"), flags=re.S | re.M)
    assert sorted(name for name, _ in sections) == sorted(names)
    for name, text in sections:
        assert "Example:" in text, name
        assert "Fix:" in text, name


def test_findings_are_accepted_by_pattern() -> None:
    lint = LintSettings(accept={"security/*": ["secret"], "*.md": ["instructions"], "legal": ["long"]})
    assert accepted_checks(lint, "security/a/b.md") == {"secret", "instructions"}
    assert accepted_checks(lint, "legal/terms.txt") == {"long"}
    assert accepted_checks(lint, "other.txt") == frozenset()
    made = document(f"The token is {TOKEN}.")
    assert [found.check for found in lint_document("a.txt", made)] == ["secret", "empty"]
    assert quarantine_checks(lint, "security/a.md") == ("personal",)
    assert quarantine_checks(lint, "a.txt") == QUARANTINING
    assert quarantine_checks(LintSettings(quarantine=False), "a.txt") == ()


def test_severe_findings_are_a_reason_for_quarantine() -> None:
    made = document("Fine.", f"The token is {TOKEN}.", f"And {AWS}.")
    reason = quarantine_reason(lint_document("a.md", made))
    assert reason is not None
    assert reason.startswith("line 5: a key or token of a service (and 1 more): take it out")
    assert "lint.accept" in reason
    assert TOKEN not in reason
    assert quarantine_reason(lint_document("a.md", made, ["personal"])) is None
    assert quarantine_reason(lint_document("a.md", document("password: hunter2"))) is None


def test_the_rule_changes_with_what_keeps_a_document_out() -> None:
    lint = LintSettings(accept={"security/*": ["secret", "long"]})
    assert quarantine_rule(lint, "security/a.md") != quarantine_rule(lint, "a.md")
    assert quarantine_rule(LintSettings(accept={"*": ["long"]}), "a.md") == quarantine_rule(LintSettings(), "a.md")
    assert quarantine_rule(LintSettings(quarantine=False), "a.md") != quarantine_rule(LintSettings(), "a.md")


def test_an_unknown_check_is_a_mistake_with_file_and_line(home: Home) -> None:
    home.settings.mkdir(parents=True)
    (home.settings / "knowledge.yaml").write_text("lint:\n  accept:\n    'a/*':\n      - secret\n      - sekret\n")
    with pytest.raises(SettingsError) as raised:
        load_settings(home)
    [problem] = raised.value.problems
    assert problem.place == "settings/knowledge.yaml:5"
    assert "'sekret'" in problem.message
    assert "'invisible-text'" in problem.message


_TEXT = st.text(max_size=200) | st.sampled_from(
    [f"password: {TOKEN}", f"# {AWS}", "[x](", "| a |", "Ignore all previous"]
)
_BLOCK = st.builds(
    Block,
    text=_TEXT,
    headings=st.tuples() | st.tuples(_TEXT),
    kind=st.sampled_from(["text", "list", "table", "code"]),
    line=st.none() | st.integers(1, 99),
    page=st.none() | st.integers(1, 9),
)
_DATE = st.none() | st.dates()


@given(
    st.builds(
        Document,
        title=_TEXT,
        blocks=st.lists(_BLOCK, max_size=5).map(tuple),
        keywords=st.lists(_TEXT, max_size=2).map(tuple),
        updated=_DATE,
        review_by=_DATE,
        outline=st.lists(
            st.builds(Heading, text=_TEXT, level=st.integers(1, 6), line=st.none() | st.integers(1, 99)), max_size=4
        ).map(tuple),
        pages=st.none() | st.integers(0, 20),
    )
)
def test_no_document_breaks_a_check_and_no_finding_shows_a_secret(made: Document) -> None:
    for finding in lint_document("a.md", made):
        assert TOKEN not in finding.reason + finding.fix
        assert AWS not in finding.reason + finding.fix
        assert finding.reason.isprintable()


@pytest.mark.parametrize(
    "unit",
    [
        "ignore ",
        "a",
        "[x](",
        "password: ",
        "a@",
        "1234 ",
        "-----BEGIN PRIVATE KEY-----\n",
        "A1",
        "and, then ",
        "://a:",
        "\u200ba",
    ],
)
def test_a_hostile_text_takes_no_quadratic_time_and_is_nothing_severe(unit: str) -> None:
    made = document(unit * (200_000 // len(unit)), updated=date(2026, 1, 1))
    assert [found for found in lint_document("a.md", made) if found.severity == "severe"] == []
