import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deskhand.console import LocalConsole
from deskhand.index import Options, work
from deskhand.session import Session
from settings import Home

pytestmark = pytest.mark.index

Write = Callable[[str, str | bytes], Path]


async def run(home: Home, **options: Any) -> bool:
    with LocalConsole() as console:
        async with Session(home) as session:
            return await work(session, Options(**options), console) == 0


async def test_status_says_what_there_is_and_what_became_of_the_last_runs(
    home: Home, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(home, status=True)
    assert "nothing has been indexed yet" in capsys.readouterr().out
    write("knowledge/docs/a.md", "# A\n\nText of a page.\n")
    write("knowledge/docs/bad.md", b"\x00\x01 no text " * 30)
    assert await run(home)
    text = capsys.readouterr().out
    assert "1 added, 1 failed" in text
    assert "failed: bad.md: " in text
    assert await run(home, status=True)
    text = capsys.readouterr().out
    assert "index: 1 documents, 1 chunks" in text
    assert "failed: bad.md: " in text
    assert "command: 1 added, 1 failed, 1 embedded" in text
    assert await run(home, status=True, json_output=True)
    shown = json.loads(capsys.readouterr().out)
    assert shown["current"]["documents"] == 1
    assert [file["source"] for file in shown["files"]] == ["bad.md"]
    assert shown["runs"][0]["trigger"] == "command"
    assert [receipt["state"] for receipt in shown["receipts"]] == ["indexed", "failed"]


async def test_a_fault_of_a_file_that_was_read_is_told_at_once_and_in_the_status(
    home: Home, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("knowledge/docs/a.md", b"# A\n\nText of\x00 a page which is otherwise fine.\n")
    assert await run(home)
    line = "indexed: a.md: 1 zero byte left out, the first in line 3: is the file damaged?"
    assert line in capsys.readouterr().out
    assert await run(home)
    assert line not in capsys.readouterr().out
    assert await run(home, status=True)
    assert line in capsys.readouterr().out


async def test_a_run_in_which_every_file_fails_has_done_nothing(home: Home, write: Write) -> None:
    write("knowledge/docs/bad.md", b"\x00\x01 no text " * 30)
    assert not await run(home)


async def test_missing_files_are_told_until_their_removal_is_confirmed(
    home: Home, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [write(f"knowledge/docs/{name}.md", f"# {name}\n\nText of page {name}.\n") for name in range(6)]
    await run(home)
    for file in files[:4]:
        file.unlink()
    await run(home, json_output=True)
    shown = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (shown["waiting"], shown["removed"]) == (4, 0)
    await run(home)
    assert "missing: 0.md: no longer in the folder, as 4 of 6" in capsys.readouterr().out
    await run(home, confirm_removals=True)
    assert "4 removed" in capsys.readouterr().out
