import json
from collections.abc import Callable
from pathlib import Path

from deskhand.lint import lint_as_text
from knowledge.lint.findings import Finding
from knowledge.lint.folder import Linted
from settings import Home
from tests.deskhand.conftest import Command

Write = Callable[[str, str | bytes], Path]
TOKEN = "xoxb-" + "4829105736-Qw8nZk3LrT7vPy2M"

GOLDEN = """\
3 documents: 1 severe, 2 warnings, 1 note
  whether titles find their documents was not checked: nothing is indexed yet
  secret               ████████████████████ 1 severe
  link                 ████████████████████████████████████████ 2 warnings
  expired              ████████████████████ 1 note

Severe
  a.md
    line 5: a private key [secret]
      take it out

Warnings
  a.md
    line 7: no such file [link]
      correct it
  b.pdf
    page 2: no such file [link]
      correct it

Notes
  c.md
    old [expired]
      read it"""


def linted() -> Linted:
    findings = [
        Finding("secret", "severe", "a.md", "a private key", "take it out", line=5),
        Finding("link", "warning", "a.md", "no such file", "correct it", line=7),
        Finding("link", "warning", "b.pdf", "no such file", "correct it", page=2),
        Finding("expired", "note", "c.md", "old", "read it"),
    ]
    notice = "whether titles find their documents was not checked: nothing is indexed yet"
    return Linted(findings, files=3, documents=3, words=100, notices=[notice])


def test_the_summary_reads_well() -> None:
    assert lint_as_text(linted()) == GOLDEN


def test_colour_adds_nothing_but_colour() -> None:
    import re

    coloured = lint_as_text(linted(), colour=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == GOLDEN


def test_many_notes_are_counted_and_control_characters_are_not_printed() -> None:
    notes = [Finding("long", "note", f"{number}.md", "x\x1b[2J[bold]", "y") for number in range(30)]
    text = lint_as_text(Linted(notes, documents=30))
    assert "and 20 more: `deskhand lint --json` lists all" in text
    assert "\x1b" not in text
    assert "[bold]" in text


def test_a_severe_finding_is_status_1_and_never_printed(
    company: Home, write: Write, deskhand: Command, tmp_path: Path
) -> None:
    home = ("--home", str(company.root))
    fine = deskhand("lint", *home)
    assert fine.status == 0
    write("knowledge/docs/bot.md", f"# {TOKEN}\n\n## Token {TOKEN}\n\nThe token is {TOKEN}, see [it]({TOKEN}.md).\n")
    page = tmp_path / "report.html"
    text = deskhand("lint", *home, "--html", str(page))
    ran = deskhand("lint", *home, "--json")
    assert (text.status, ran.status, ran.err) == (1, 1, "")
    data = json.loads(ran.out)
    assert list(data) == ["files", "documents", "severe", "warnings", "notes", "seconds", "notices", "findings"]
    assert data["severe"] >= 1
    assert list(data["findings"][0]) == ["check", "severity", "source", "line", "page", "reason", "fix"]
    for shown in (text.out, ran.out, page.read_text()):
        assert "bot.md" in shown
        assert TOKEN not in shown


def test_titles_are_searched_once_there_is_an_index(company: Home, deskhand: Command) -> None:
    home = ("--home", str(company.root))
    assert "nothing is indexed yet" in deskhand("lint", *home).out
    deskhand("index", *home)
    assert json.loads(deskhand("lint", *home, "--json").out)["notices"] == []


def test_wrong_use_is_one_line(company: Home, deskhand: Command) -> None:
    home = ("--home", str(company.root))
    ran = deskhand("lint", "nothing.md", *home)
    assert (ran.status, ran.error.startswith("no document is named 'nothing.md'")) == (2, True)
    ran = deskhand("lint", *home, "--html", "/nowhere/at/all/x.html")
    assert (ran.status, ran.error) == (2, "--html: there is no folder /nowhere/at/all")
