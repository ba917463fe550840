import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from bots import printable
from deskhand.console import LocalConsole
from deskhand.doctor import Options, examine, work
from deskhand.doctor_check import Check
from deskhand.session import Session
from knowledge import mounts, open_index
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
        "settings/models.yaml:2: models.a.modle: no such setting (did you mean model?)",
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


def _said(checks: list[Check], what: str) -> list[tuple[str, str, str]]:
    return [(check.level, check.message, check.step) for check in checks if check.what == what]


async def test_what_changed_since_the_last_run_is_counted(home: Home, write: Write) -> None:
    for name in ("same", "changed", "gone"):
        write(f"knowledge/docs/{name}.md", LEAVE)
    write("knowledge/docs/broken.md", "---\naudience: []\n---\nx\n")
    async with open_index(load_settings(home)) as index:
        await index.sync()
    assert _said(await _checks(home), "index")[1:] == []
    write("knowledge/docs/changed.md", f"{LEAVE}\nMore.\n")
    write("knowledge/docs/new.md", LEAVE)
    (home.documents / "gone.md").unlink()
    message = "files since the last run: 1 not indexed yet, 1 changed, 1 gone"
    assert _said(await _checks(home), "index")[1:] == [("note", message, "run `deskhand index`")]


async def test_each_folder_of_documents_is_looked_at(home: Home, write: Write, tmp_path: Path) -> None:
    write("knowledge/docs/leave.md", LEAVE)
    for name in ("full", "empty", "left-out"):
        (tmp_path / name).mkdir()
    (tmp_path / "full" / "a.md").write_text(LEAVE)
    (tmp_path / "left-out" / "a.md").write_text(LEAVE)
    entries = "".join(
        f"  - {{name: {name}, folder: {tmp_path / name}{', include: [x/*]' if name == 'left-out' else ''}}}\n"
        for name in ("full", "empty", "left-out", "away")
    )
    write("settings/knowledge.yaml", f"sources:\n{entries}")
    checks = await _checks(home)
    assert _said(checks, "source full") == [("ok", f"1 files in {tmp_path / 'full'}", "")]
    [(level, message, step)] = _said(checks, "source empty")
    assert (level, message) == ("note", f"{tmp_path / 'empty'} is empty: is its disk or share mounted?")
    assert step == f"mount {tmp_path / 'empty'}, or fill it"
    [(level, message, step)] = _said(checks, "source left-out")
    assert (level, step) == ("note", "correct include and exclude of left-out in knowledge.yaml")
    [(level, message, step)] = _said(checks, "source away")
    assert (level, step) == ("wrong", f"mount or make {tmp_path / 'away'}, or take it out of sources")
    assert message == f"there is no folder {tmp_path / 'away'}: is its disk or share mounted?"


async def test_a_share_that_should_be_mounted_is_named(
    home: Home, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("knowledge/docs/leave.md", LEAVE)
    (tmp_path / "share" / "wiki").mkdir(parents=True)
    (tmp_path / "fstab").write_text(f"server:/export {tmp_path / 'share'} nfs4 defaults 0 0\n")
    (tmp_path / "mountinfo").write_text("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
    monkeypatch.setattr(mounts, "_TABLE", tmp_path / "fstab")
    monkeypatch.setattr(mounts, "_MOUNTS", tmp_path / "mountinfo")
    write("settings/knowledge.yaml", f"sources: [{{name: wiki, folder: {tmp_path / 'share' / 'wiki'}}}]\n")
    [(level, message, step)] = _said(await _checks(home), "source wiki")
    assert (level, step) == ("wrong", f"mount {tmp_path / 'share'}")
    assert "is in /etc/fstab and not mounted" in message


@pytest.mark.parametrize(
    ("sync", "level", "message", "step"),
    [
        ("{timezone: UTC, schedule: 0 4 29 2 *}", "ok", r"next run \w+ 29 Feb 04:00 UTC, and changes as they are", ""),
        ("{schedule: null}", "ok", "none; changes are taken up as they are seen", ""),
        (
            "{schedule: null, watch: 'off'}",
            "note",
            "no change is taken up by itself",
            "set sync.schedule or sync.watch",
        ),
    ],
)
async def test_the_next_run_is_named(home: Home, write: Write, sync: str, level: str, message: str, step: str) -> None:
    write("settings/knowledge.yaml", f"sync: {sync}\n")
    [said] = _said(await _checks(home), "schedule")
    assert said[0] == level
    assert re.search(message, said[1])
    assert said[2].startswith(step)


async def test_a_cross_encoder_is_looked_for_without_loading_it(home: Home, write: Write, tmp_path: Path) -> None:
    async def said(search: str) -> tuple[str, str, str]:
        write("settings/knowledge.yaml", f"search: {search}\n")
        [found] = _said(await _checks(home), "reranker")
        return found

    name = "Xenova/ms-marco-MiniLM-L-6-v2"
    assert _said(await _checks(home), "reranker") == []
    assert "fastembed has no cross-encoder 'no/such'" in (await said("{reranker: no/such}"))[1]
    level, message, step = await said(f"{{reranker: {name}}}")
    assert level == "note"
    assert "is not on this machine" in message
    assert step.endswith("name a folder with its files in search.reranker_path")
    level, message, step = await said(f"{{reranker: {name}, reranker_path: {tmp_path}}}")
    assert (level, message) == (
        "wrong",
        f"knowledge.yaml: search.reranker_path: there is no onnx/model.onnx in {tmp_path}",
    )
    snapshot = home.data / "models" / "models--Xenova--ms-marco-MiniLM-L-6-v2" / "snapshots" / "1"
    (snapshot / "onnx").mkdir(parents=True)
    (snapshot / "onnx" / "model.onnx").write_bytes(b"x")
    assert await said(f"{{reranker: {name}}}") == ("ok", f"{name} in {snapshot}", "")


async def test_the_webhook_is_reached_for_without_posting_and_without_showing_it(
    home: Home, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        asked.append((request.method, request.path))
        return web.Response(status=404)

    server = web.ServerRunner(web.Server(answer))
    await server.setup()
    site = web.TCPSite(server, "127.0.0.1", 0)
    await site.start()
    port = server.addresses[0][1]
    write("settings/assistant.yaml", "administrators: {webhook_env: NOTICES}\n")
    [(level, message, step)] = _said(await _checks(home), "webhook")
    assert (level, "NOTICES is not set" in message) == ("wrong", True)
    monkeypatch.setenv("NOTICES", f"http://127.0.0.1:{port}/services/secretpart")
    assert _said(await _checks(home), "webhook") == [("ok", "127.0.0.1 answers; nothing was posted", "")]
    assert asked == [("HEAD", "/")]
    await server.cleanup()
    checks = await _checks(home)
    [(level, message, step)] = _said(checks, "webhook")
    assert (level, message.startswith("127.0.0.1 cannot be reached (")) == ("wrong", True)
    assert step == "correct the address in NOTICES, or let this machine reach it"
    assert "secretpart" not in repr(checks)


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
