import io
import logging

import pytest

from deskhand.logs import set_up_logging


def _log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Standard error. No fixture: pytest puts its own in place after fixtures."""
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    return written


def test_a_record_is_one_line_without_secrets_though_it_has_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    log = _log(monkeypatch)
    set_up_logging("info", lambda text: text.replace("hunter2", "***"))
    try:
        raise RuntimeError("the password\nis hunter2")
    except RuntimeError:
        logging.getLogger("plugins.answer").exception("a call with %s failed", "hunter2")
    [line] = log.getvalue().splitlines()
    assert "ERROR   plugins.answer: a call with *** failed | Traceback" in line
    assert line.endswith("RuntimeError: the password | is ***")


def test_the_level_counts_and_libraries_tell_of_trouble_only(monkeypatch: pytest.MonkeyPatch) -> None:
    log = _log(monkeypatch)
    set_up_logging("warning", str)
    logging.getLogger("knowledge").info("not worth a line")
    set_up_logging("debug", str)
    logging.getLogger("httpx").info("HTTP Request: POST https://hooks.example.com/services/secret")
    logging.getLogger("knowledge").debug("worth a line")
    assert [line.partition("knowledge: ")[2] for line in log.getvalue().splitlines()] == ["worth a line"]
