"""`deskhand run` and the commands of other shells, all in processes of their own."""

import asyncio
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deskhand.protocol import connect as connect_to
from deskhand.protocol import decode, encode, socket_file
from deskhand.run import stop_by_signal
from deskhand.server import serving
from deskhand.session import Session
from settings import Home
from settings.home import CHECKOUT
from tests.deskhand.conftest import LEAVE, Command, Running
from tests.deskhand.conftest import said as _said

Start = Callable[..., "subprocess.Popen[bytes]"]
Write = Callable[[str, str | bytes], Path]

QUESTION = "How many days can I carry over?"
_TIMES = re.compile(r'"timings_ms": \{[^}]*\}|"seconds": [\d.]+|in [\d.]+ s')


def test_every_command_prints_and_ends_as_without_it(company: Home, running: Running, deskhand: Command) -> None:
    home = ("--home", str(company.root))
    typed = [
        ["index"],
        ["ask", QUESTION],
        ["ask", QUESTION, "--json"],
        ["ask", "What is the salary band of a team lead?", "--groups", "managers"],
        ["ask", "What is the salary band of a team lead?", "--json"],
        ["search", "carry over", "-k", "2"],
        ["search", "carry over", "--json", "--groups", "staff, managers"],
        ["index", "--json"],
        ["doctor"],
        ["doctor", "--json"],
        ["ask", " "],
        ["search", "x", "-k", "0"],
    ]
    deskhand("index", *home)
    alone = [deskhand(*arguments, *home) for arguments in typed]
    at_work = running(company)
    served = [deskhand(*arguments, *home) for arguments in typed]
    for arguments, before, now in zip(typed, alone, served, strict=True):
        assert now.status == before.status, arguments
        assert _TIMES.sub("", now.out) == _TIMES.sub("", before.out), arguments
        assert now.err == before.err, arguments
    assert at_work.poll() is None


def test_a_conversation_is_served_with_its_thread_and_reindex(
    company: Home, running: Running, process: Command, write: Write
) -> None:
    write("settings/knowledge.yaml", "sync: {watch: 'off', schedule: null}\n")
    running(company)
    write("knowledge/docs/bikes.md", "# Bikes\n\nBicycles are parked behind gate seven.\n")
    typed = f"{QUESTION}\nand next year?\n/reindex\n/nonsense\nwhere are bicycles parked?\nexit\nnever asked\n"
    ran = process("chat", "--home", str(company.root), typed=typed.encode())
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.count("[1] Leave > Carry over (leave.md:5)") >= 2
    assert "1 added" in ran.out
    assert "there is no /nonsense (known: /help, /reindex)" in ran.out
    assert "gate seven" in ran.out


def test_a_dropped_document_is_answerable_and_what_is_wrong_with_one_is_in_the_log(
    company: Home, running: Running, deskhand: Command, write: Write
) -> None:
    at_work = running(company)
    write("knowledge/docs/bikes.md", "# Bikes\n\nBicycles are parked behind gate seven.\n")
    _said(at_work, "run (watch): 1 added")
    assert "gate seven" in deskhand("ask", "where are bicycles parked?", "--home", str(company.root)).out
    write("knowledge/docs/broken.md", "---\naudience: []\n---\n# Secret\n\nNobody may read this.\n")
    assert "1 document cannot be read: broken.md: " in _said(at_work, "notice: ")
    status = json.loads(deskhand("index", "--status", "--json", "--home", str(company.root)).out)
    assert status["current"]["documents"] == 3
    assert status["running"] is None
    assert re.match(r"\d{4}-\d\d-\d\dT03:30", status["next_run"])


def test_a_second_one_gets_one_line_and_health_tells_of_the_first(
    company: Home, running: Running, deskhand: Command
) -> None:
    home = ("--home", str(company.root))
    nobody = deskhand("health", *home)
    assert (nobody.status, nobody.error) == (1, f"nothing is at work on {company.root}: start `deskhand run`")
    at_work = running(company)
    healthy = deskhand("health", *home)
    assert (healthy.status, healthy.out) == (0, f"`deskhand run` (pid {at_work.pid}) is ready\n")
    assert json.loads(deskhand("health", "--json", *home).out) == {
        "state": "ready",
        "holder": "run",
        "pid": at_work.pid,
    }
    second = deskhand("run", *home)
    assert (second.status, second.error) == (
        1,
        f"`deskhand run` is at work on {company.root} already: use it, or stop it first",
    )
    assert at_work.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(company: Home, running: Running, number: signal.Signals) -> None:
    at_work = running(company)
    at_work.send_signal(number)
    assert at_work.wait(timeout=20) == 0
    assert at_work.stderr is not None
    assert "Traceback" not in at_work.stderr.read().decode()
    assert not socket_file(company.data).exists()


def test_what_kill_leaves_behind_is_cleared_by_the_next(company: Home, running: Running, deskhand: Command) -> None:
    home = ("--home", str(company.root))
    first = running(company)
    first.kill()
    first.wait()
    assert socket_file(company.data).exists()
    assert deskhand("health", *home).status == 1
    assert "five days" in deskhand("ask", QUESTION, *home).out
    second = running(company)
    assert deskhand("health", *home).out == f"`deskhand run` (pid {second.pid}) is ready\n"


def test_only_this_user_reaches_the_socket(company: Home, running: Running) -> None:
    running(company)
    assert stat.S_IMODE(os.stat(socket_file(company.data)).st_mode) == 0o600


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_is_told_whose_it_is(company: Home, running: Running) -> None:
    running(company)
    outside = [folder for folder in company.data.parents if folder.stat().st_mode & 0o001 == 0]
    modes = {folder: folder.stat().st_mode for folder in outside}
    code = (
        "import os, sys; from pathlib import Path; from deskhand.protocol import connect\n"
        "os.seteuid(65534)\ntry: connect(Path(sys.argv[1]), 5)\nexcept Exception as error: print(error)"
    )
    try:
        for folder in outside:
            folder.chmod(0o711)
        ran = subprocess.run([sys.executable, "-c", code, company.data], cwd=CHECKOUT, capture_output=True, check=True)
    finally:
        for folder, mode in modes.items():
            folder.chmod(mode)
    assert ran.stdout.decode() == (
        f"{company.root} is served for the user root alone: type the command as that user (`sudo -u root ...`)\n"
    )


def test_nobody_who_reads_the_output_is_no_fault_of_the_server(company: Home, running: Running, start: Start) -> None:
    at_work = running(company)
    client = start("-m", "deskhand", "search", "carry over", "--home", str(company.root))
    assert client.stdout is not None
    client.stdout.close()
    client.stdout = None
    assert client.communicate(timeout=60)[1] == b""
    assert client.returncode == 1
    assert at_work.poll() is None


def test_a_home_with_a_long_path_is_served_as_well(tmp_path: Path, running: Running, deskhand: Command) -> None:
    home = Home(tmp_path / ("long" * 20) / ("longer" * 20))
    home.documents.mkdir(parents=True)
    (home.documents / "leave.md").write_text(LEAVE)
    at_work = running(home)
    assert deskhand("health", "--home", str(home.root)).out == f"`deskhand run` (pid {at_work.pid}) is ready\n"


def _long_home(home: Home) -> None:
    home.settings.mkdir(exist_ok=True)
    (home.settings / "knowledge.yaml").write_text("sync: {watch: 'off', schedule: null}\n")
    home.documents.mkdir(parents=True, exist_ok=True)
    for number in range(30):
        parts = [f"## Rule {number}.{part}\n\n" + f"Form {number}/{part} is signed. " * 40 for part in range(12)]
        (home.documents / f"{number}.md").write_text("\n\n".join([f"# Handbook {number}", *parts]))


def _status(deskhand: Command, home: Home) -> dict[str, object]:
    data = json.loads(deskhand("index", "--status", "--json", "--home", str(home.root)).out)
    assert isinstance(data, dict)
    return data


def _until_running(deskhand: Command, home: Home, trigger: str | None) -> None:
    for _ in range(100):
        running = _status(deskhand, home)["running"]
        if (running["trigger"] if isinstance(running, dict) else None) == trigger:
            return
        time.sleep(0.1)
    raise AssertionError(f"no run by {trigger}")


def test_ctrl_c_ends_the_served_command_and_a_client_that_vanishes_does_too(
    company: Home, running: Running, start: Start, deskhand: Command
) -> None:
    company.settings.mkdir()
    (company.settings / "knowledge.yaml").write_text("sync: {watch: 'off', schedule: null}\n")
    running(company)
    _long_home(company)
    for number, status in ((signal.SIGINT, 130), (signal.SIGKILL, -9)):
        client = start("-m", "deskhand", "index", "--home", str(company.root))
        _until_running(deskhand, company, "command")
        # meanwhile another shell is served
        assert "leave.md" in deskhand("search", "carry over", "--home", str(company.root)).out
        client.send_signal(number)
        assert client.wait(timeout=20) == status
        assert client.stderr is not None
        if number == signal.SIGINT:
            [line] = client.stderr.read().decode().splitlines()
            assert line.startswith("deskhand: stopped")
        _until_running(deskhand, company, None)


def test_several_clients_at_once(company: Home, running: Running, start: Start) -> None:
    running(company)
    clients = [start("-m", "deskhand", "ask", QUESTION, "--home", str(company.root)) for _ in range(4)]
    for client in clients:
        out, err = client.communicate(timeout=60)
        assert (client.returncode, err) == (0, b"")
        assert b"five days" in out


def test_an_open_chat_serves_the_others(company: Home, start: Start, deskhand: Command) -> None:
    chat = start("-m", "deskhand", "chat", "--home", str(company.root))
    assert chat.stdin is not None
    assert chat.stdout is not None
    chat.stdin.write(f"{QUESTION}\n".encode())
    chat.stdin.flush()
    while b"(leave.md:5)" not in chat.stdout.readline():
        pass
    home = ("--home", str(company.root))
    assert deskhand("health", *home).out == f"`deskhand chat` (pid {chat.pid}) is ready\n"
    assert "five days" in deskhand("ask", QUESTION, *home).out
    refused = deskhand("run", *home)
    assert refused.status == 1
    assert f"in use by `deskhand chat` (pid {chat.pid})" in refused.error
    chat.stdin.write(b"exit\n")
    chat.stdin.close()
    chat.stdin = None
    assert chat.wait(timeout=20) == 0


def test_documents_that_no_run_has_seen_are_told_of_and_nothing_is_told_where_run_takes_them_up(
    company: Home, deskhand: Command, process: Command, running: Running, write: Write
) -> None:
    home = ("--home", str(company.root))
    deskhand("index", *home)
    assert deskhand("ask", QUESTION, *home).err == ""
    write("knowledge/docs/bikes.md", "# Bikes\n\nBicycles are parked behind gate seven.\n")
    (company.documents / "pay.md").unlink()
    note = "deskhand: note: 1 document not indexed yet, 1 gone: "
    assert deskhand("ask", QUESTION, *home).err == f"{note}run `deskhand index`\n"
    searched = deskhand("search", QUESTION, "--json", *home)
    assert searched.err == f"{note}run `deskhand index`\n"
    assert json.loads(searched.out)["results"]
    talked = process("chat", *home, typed=f"{QUESTION}\n/reindex\nwhere are bicycles parked?\n".encode())
    assert talked.err == f"{note}type `/reindex`\n"
    assert "gate seven" in talked.out
    write("settings/knowledge.yaml", "sync: {watch: 'off'}\n")
    running(company)
    write("knowledge/docs/cars.md", "# Cars\n\nCars are parked behind gate nine.\n")
    assert deskhand("ask", QUESTION, *home).err == ""


def test_an_open_chat_follows_who_may_read_what_with_a_run(
    company: Home, start: Start, deskhand: Command, write: Write
) -> None:
    chat = start("-m", "deskhand", "chat", "--home", str(company.root))
    assert chat.stdin is not None
    assert chat.stdout is not None
    home = ("--home", str(company.root))
    chat.stdin.write(f"{QUESTION}\n".encode())
    chat.stdin.flush()
    while b"(leave.md:5)" not in chat.stdout.readline():
        pass
    write("settings/knowledge.yaml", "audience: {'leave.md': [staff]}\n")
    deadline = time.monotonic() + 60
    while "five days" not in deskhand("ask", QUESTION, "--groups", "staff", *home).out:
        assert time.monotonic() < deadline
    status = json.loads(deskhand("index", "--status", "--json", *home).out)
    assert status["runs"][0]["trigger"] == "settings"
    assert "five days" not in deskhand("ask", QUESTION, *home).out


def test_a_command_waits_for_a_short_one_and_says_so(company: Home, start: Start, deskhand: Command) -> None:
    _long_home(company)
    first = start("-m", "deskhand", "index", "--home", str(company.root))
    while not (company.data / "index.owner").exists():
        time.sleep(0.02)
    second = start("-m", "deskhand", "index", "--json", "--home", str(company.root))
    assert second.stderr is not None
    waiting = second.stderr.readline().decode()
    assert waiting.startswith("deskhand: waiting: ")
    assert f"in use by `deskhand index` (pid {first.pid})" in waiting
    first.send_signal(signal.SIGINT)
    assert first.wait(timeout=20) == 130
    second.send_signal(signal.SIGINT)
    assert second.wait(timeout=20) == 130


def test_other_versions_and_nonsense_get_one_clear_line(company: Home, running: Running) -> None:
    at_work = running(company)

    def answer(*sent: bytes) -> dict[str, object]:
        connection = connect_to(company.data, 10)
        assert connection is not None
        with connection, connection.makefile("rb") as lines:
            assert decode(lines.readline())["type"] == "hello"
            connection.sendall(b"".join(sent))
            frame = decode(lines.readline())
            assert lines.readline() == b""
            return frame

    def request(command: str, **options: object) -> bytes:
        return encode("request", protocol=1, command=command, options=options, typed=False)

    other = answer(encode("request", protocol=99, command="index", options={}, typed=False))
    assert other["status"] == 1
    assert "is of another version than this command" in str(other["error"])
    assert "no command 'xyzzy' is known here" in str(answer(request("xyzzy"))["error"])
    assert str(answer(request("ask", qestion="x"))["error"]).startswith("ask: question: Field required")
    assert str(answer(request("search", question="x", k=1000))["error"]).startswith("search: k: ")
    for nonsense in (b"GET / HTTP/1.1\r\n\r\n", b"[]\n", b"{}\n", b"\xff\n", b"x" * 5_000_000 + b"\n"):
        try:
            assert answer(nonsense)["error"] == "this is no request that is understood here"
        except (BrokenPipeError, ConnectionResetError):
            assert len(nonsense) > 1_000_000
    assert at_work.poll() is None


def test_what_cannot_start_says_why_and_holds_nothing(company: Home, write: Write, deskhand: Command) -> None:
    write("settings/knowledge.yaml", "sync: {schedule: 0 3 * * 8}\n")
    ran = deskhand("run", "--home", str(company.root))
    assert (ran.status, ran.error.partition(": ")[0]) == (1, "settings/knowledge.yaml:1")
    assert not company.data.exists()


def test_an_empty_folder_is_waited_on_and_told(home: Home, start: Start, write: Write, deskhand: Command) -> None:
    at_work = start("-m", "deskhand", "run", "--home", str(home.root))
    assert f"{home.documents} holds no documents" in _said(at_work, "notice: the run (start) failed")
    write("knowledge/docs/leave.md", LEAVE)
    _said(at_work, "run (watch): 1 added")
    assert "five days" in deskhand("ask", QUESTION, "--home", str(home.root)).out


def test_a_saved_knowledge_yaml_is_in_force_without_a_restart(
    company: Home, running: Running, write: Write, deskhand: Command
) -> None:
    home = ("--home", str(company.root))
    write("share/bikes.md", "# Bikes\n\nBicycles are parked behind gate seven.\n")
    at_work = running(company)
    assert "five days" in deskhand("search", QUESTION, *home).out
    write("settings/knowledge.yaml", "audience: {leave.md: [it]}\nsources: [{name: share, folder: share}]\n")
    assert "five days" not in deskhand("search", QUESTION, *home).out  # at once, whatever has been read again
    _said(at_work, "run (settings): 1 added, 1 updated")
    assert "gate seven" in deskhand("search", "bicycles", *home).out
    assert "five days" in deskhand("search", QUESTION, "--groups", "it", *home).out
    write("settings/knowledge.yaml", "audience: {}\nsync:\n  schedule: 0 3 * * 8\n")
    assert "settings/knowledge.yaml:3: " in _said(at_work, "refused, the settings before stay in force")
    assert "five days" not in deskhand("search", QUESTION, *home).out
    write("share/cars.md", "# Cars\n\nCars are parked on deck nine.\n")
    _said(at_work, "run (watch): 1 added")


def test_health_is_answered_before_litellm_is_loaded(
    company: Home, deskhand: Command, write: Write, tmp_path: Path
) -> None:
    write(
        "settings/models.yaml",
        "models: {main: {model: openai/x, api_base: 'http://127.0.0.1:9/v1'}}\nroutes: {answer: [main, extractive]}\n",
    )
    log = tmp_path / "imports"
    command = [sys.executable, "-X", "importtime", "-m", "deskhand", "run", "--home", str(company.root)]
    with log.open("wb") as out:
        at_work = subprocess.Popen(command, cwd=CHECKOUT, stderr=out)
    try:
        while deskhand("health", "--home", str(company.root)).status:
            assert at_work.poll() is None
            time.sleep(0.02)
        loaded = re.compile(r"\| +litellm$", re.MULTILINE)
        assert not loaded.search(log.read_text())
        while not loaded.search(log.read_text()):  # it is warmed up all the same, before somebody asks
            assert at_work.poll() is None
            time.sleep(0.1)
        assert deskhand("health", "--home", str(company.root)).status == 0
    finally:
        at_work.terminate()
        at_work.wait(30)


def test_code_that_cancels_every_task_does_not_end_it(
    company: Home, running: Running, deskhand: Command, write: Write
) -> None:
    write(
        "plugins/reckless.py",
        "import asyncio\nfrom deskhand import CallNext, Reply, Turn\n\n\n"
        "async def reckless(turn: Turn, call_next: CallNext) -> Reply:\n"
        "    if 'everything' in turn.message.text:\n"
        "        for task in asyncio.all_tasks():\n"
        "            task.cancel()\n"
        "    return await call_next(turn)\n",
    )
    write("settings/assistant.yaml", "plugins: [reckless, rag, answer]\n")
    at_work = running(company)
    home = ("--home", str(company.root))
    assert deskhand("ask", "cancel everything", *home).status == 1
    assert "everything is opened anew" in _said(at_work, "all tasks were cancelled")
    _said(at_work, "ready: ")
    assert "five days" in deskhand("ask", QUESTION, *home).out
    at_work.send_signal(signal.SIGTERM)
    assert at_work.wait(20) == 0


async def test_where_the_event_loop_takes_no_signals_the_process_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise NotImplementedError

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "add_signal_handler", refuse)  # as on Windows
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    stop = asyncio.Event()
    try:
        stop_by_signal(loop, stop)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(stop.wait(), 5)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def test_where_there_are_no_local_sockets_that_is_said(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_UNIX")
    async with Session(home) as session:
        with pytest.raises(OSError, match="no local sockets on this system"):
            async with serving(session):
                pass
    assert connect_to(home.data, 1) is None
