import io
import sys

import pytest

from deskhand.console import LocalConsole
from deskhand.progress import IndexingBar
from knowledge import Receipt


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _watched(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard error as a terminal. No fixture: pytest puts its own in place after fixtures."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    return terminal


def _receipt(name: str) -> Receipt:
    return Receipt(name, "indexed")


def test_somebody_who_watches_sees_how_many_files_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _watched(monkeypatch)
    bar = IndexingBar()
    bar.start(2)
    bar.file(_receipt("a.md"))
    bar.stop()
    shown = screen.getvalue()
    assert "indexing" in shown
    assert "1/2" in shown


def test_the_bar_is_gone_when_the_last_file_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _watched(monkeypatch)
    out = sys.stdout
    bar = IndexingBar()
    bar.start(2)
    bar.file(_receipt("a.md"))
    assert sys.stdout is not out
    bar.file(_receipt("b.md"))
    assert sys.stdout is out
    ended = screen.getvalue()
    bar.file(_receipt("late.md"))
    assert screen.getvalue() == ended


def test_an_error_ends_the_bar_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    _watched(monkeypatch)
    out = sys.stdout

    def fail() -> None:
        with LocalConsole() as console:
            console.progress.start(2)
            assert sys.stdout is not out
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail()
    assert sys.stdout is out


def test_nothing_is_shown_where_there_is_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _watched(monkeypatch)
    bar = IndexingBar()
    bar.start(0)
    bar.file(_receipt("a.md"))
    assert screen.getvalue() == ""


def test_nothing_is_shown_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    bar = IndexingBar()
    bar.start(3)
    bar.file(_receipt("a.md"))
    assert log.getvalue() == ""
