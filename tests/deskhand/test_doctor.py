import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bots import printable
from deskhand.console import LocalConsole
from deskhand.doctor import Check, Options, examine, work
from deskhand.session import Session
from knowledge import open_index
from settings import Home, load_settings
from tests.deskhand.conftest import LEAVE

pytestmark = pytest.mark.index

Write = Callable[[str, str | bytes], Path]


async def _doctor(home: Home, json_output: bool) -> int:
    with LocalConsole() as console:
        async with Session(home) as session:
            return await work(session, Options(json_output=json_output), console)


async def _checks(home: Home) -> list[Check]:
    async with Session(home) as session:
        return [check async for check in examine(session)]


async def _next(home: Home, capsys: pytest.CaptureFixture[str]) -> str | None:
    """The next step as a script reads it; it must be what a person is told as well."""
    capsys.readouterr()
    status = await _doctor(home, json_output=True)
    data = json.loads(capsys.readouterr().out)
    assert data["ok"] is (status == 0) is all(check["level"] != "wrong" for check in data["checks"])
    assert await _doctor(home, json_output=False) == status
    step: str | None = data["next"]
    said = capsys.readouterr().out.splitlines()[-1]
    assert said == (printable(f"Next: {step}") if step else "Everything is fine: try `deskhand chat`.")
    return step


async def test_each_state_from_an_empty_home_to_a_working_one_names_the_next_step(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(home.knowledge)
    assert await _next(home, capsys) == f"make the folder {home.documents}"
    home.documents.mkdir(parents=True)
    assert await _next(home, capsys) == f"drop documents into {home.documents}"
    (home.documents / "leave.md").write_text(LEAVE)
    assert await _next(home, capsys) == "run `deskhand index`"
    async with open_index(load_settings(home)) as index:
        await index.sync()
    assert await _next(home, capsys) is None
    (home.documents / "new.md").write_text(LEAVE)
    assert await _next(home, capsys) == "run `deskhand index`"


async def test_a_changed_setting_and_a_broken_document_and_a_stray_are_seen(
    home: Home, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("knowledge/docs/leave.md", LEAVE)
    write("knowledge/docs/broken.md", "---\naudience: []\n---\n# Secret\n\nSomething that nobody may read.\n")
    write("knowledge/stray.md", LEAVE)
    async with open_index(load_settings(home)) as index:
        await index.sync()
    assert await _next(home, capsys) == "mend broken.md"
    notes = [check.message for check in await _checks(home) if check.level == "note"]
    assert "knowledge/stray.md is read, but belongs into knowledge/docs/" in notes
    write("settings/knowledge.yaml", "chunk: {target_words: 50, most_words: 60}\n")
    assert await _next(home, capsys) == "run `deskhand index`"
    assert ("index", "wrong", "was built with other settings") in [
        (check.what, check.level, check.message) for check in await _checks(home)
    ]


async def test_every_mistake_in_the_settings_is_listed_and_the_first_is_to_be_corrected_first(
    home: Home, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("settings/models.yaml", "models:\n  a: {modle: x}\n")
    wrong = [check.message for check in await _checks(home) if check.level == "wrong"]
    assert wrong == [
        "settings/models.yaml:2: models.a.model: is required",
        "settings/models.yaml:2: models.a.modle: no such setting",
    ]
    assert await _next(home, capsys) == "correct settings/models.yaml:2"
    write("settings/models.yaml", "")
    write("settings/assistant.yaml", "plugins: [rga]\n")
    assert await _next(home, capsys) == "correct settings/assistant.yaml:1"


async def test_a_missing_key_is_named_and_a_present_one_is_never_shown(
    home: Home, write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write("knowledge/docs/leave.md", LEAVE)
    write("settings/models.yaml", "models:\n  main: {model: openai/x, api_key_env: MY_KEY}\nroutes: {answer: [main]}\n")
    assert await _next(home, capsys) == "set MY_KEY"
    monkeypatch.setenv("MY_KEY", "correct-horse-battery")
    checks = await _checks(home)
    assert ("tokens", "ok", "main: MY_KEY is set") in [(check.what, check.level, check.message) for check in checks]
    assert "correct-horse-battery" not in repr(checks)


async def test_something_in_the_way_of_the_index_is_to_be_moved(home: Home, write: Write) -> None:
    write("knowledge/docs/leave.md", LEAVE)
    write("data", "in the way")
    last = (await _checks(home))[-1]
    assert last == Check(
        "index", "wrong", f"{home.data} is in the way, it should be a folder: move it elsewhere", "move it elsewhere"
    )


async def test_a_bot_at_work_on_the_home_is_no_fault(home: Home, write: Write) -> None:
    write("knowledge/docs/leave.md", LEAVE)
    async with open_index(load_settings(home)):
        checks = await _checks(home)
    assert all(check.level != "wrong" for check in checks)
    assert any("in use by another deskhand process" in check.message for check in checks)


@pytest.mark.embedded("removes the engine's folder")
async def test_a_lost_index_is_to_be_rebuilt(home: Home, write: Write) -> None:
    write("knowledge/docs/leave.md", LEAVE)
    async with open_index(load_settings(home)) as index:
        await index.sync()
    shutil.rmtree(home.data / "index")
    last = (await _checks(home))[-1]
    assert last.level == "wrong"
    assert "deskhand index --rebuild" in last.step


async def test_file_names_cannot_change_the_terminal(
    home: Home, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("knowledge/docs/\x1b[31mred.md", "---\naudience: []\n---\nx\n")
    async with open_index(load_settings(home)) as index:
        await index.sync()
    await _next(home, capsys)
    await _doctor(home, json_output=False)
    shown = capsys.readouterr().out
    assert "red.md" in shown
    assert "\x1b" not in shown
