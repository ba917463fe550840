import asyncio
import json
import resource
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from knowledge import open_index
from settings import Home, load_settings
from settings.home import CHECKOUT
from tests.deskhand.conftest import LEAVE, Command, Ran

Start = Callable[..., "subprocess.Popen[bytes]"]
Write = Callable[[str, str | bytes], Path]

BANDS = "What is the salary band of a team lead?"


def _object(ran: Ran) -> dict[str, Any]:
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.count("\n") == 1
    data = json.loads(ran.out)
    assert isinstance(data, dict)
    return data


def test_the_first_question_indexes_by_itself_and_prints_one_object(company: Home, process: Command) -> None:
    ran = process("--home", str(company.root), "ask", "How many days can I carry over?", "--json")
    data = _object(ran)
    assert list(data) == ["answer", "status", "reason", "citations", "route", "model", "cost_usd", "timings_ms"]
    assert "five days" in data["answer"]
    assert (data["status"], data["reason"]) == ("answered", None)
    [citation] = data["citations"]
    assert list(citation) == ["number", "source", "title", "heading", "page", "line", "score", "link"]
    assert (citation["source"], citation["title"], citation["heading"]) == ("leave.md", "Leave", "Carry over")
    assert (citation["page"], citation["line"]) == (None, 5)
    assert 0 < citation["score"] < 3
    assert list(data["timings_ms"]) == ["guard", "persona", "history", "rag", "output", "answer"]
    assert all(milliseconds >= 0 for milliseconds in data["timings_ms"].values())


def test_groups_decide_what_is_found_and_both_outcomes_are_a_success(company: Home, deskhand: Command) -> None:
    home = ("--home", str(company.root))
    stranger = _object(deskhand("ask", BANDS, *home, "--groups", "staff", "--json"))
    assert "band seven" not in json.dumps(stranger)
    assert "pay.md" not in [citation["source"] for citation in stranger["citations"]]
    manager = deskhand("ask", BANDS, *home, "--groups", "staff, managers")
    assert manager.status == 0
    assert "band seven" in manager.out
    assert "Salary bands > Team leads (pay.md:" in manager.out
    abstained = _object(deskhand("ask", "Who won the football match in Lisbon?", *home, "--json"))
    assert (abstained["status"], abstained["citations"]) == ("abstained", [])
    assert "your manager" in abstained["answer"]

    seen = _object(deskhand("search", BANDS, "-k", "1", *home, "--groups", "managers", "--json"))["results"]
    assert [result["source"] for result in seen] == ["pay.md"]
    assert seen[0].keys() >= {"source", "title", "heading", "text", "score"}
    hidden = _object(deskhand("search", BANDS, "-k", "5", *home, "--json"))["results"]
    assert [result["source"] for result in hidden] == ["leave.md"]


def test_index_says_what_became_of_every_file(company: Home, write: Write, deskhand: Command) -> None:
    write("knowledge/docs/broken.md", "---\naudience: []\n---\n# Secret\n\nNobody may read this.\n")
    write("knowledge/docs/logo.bin", b"\x00\x01")
    first = _object(deskhand("index", "--home", str(company.root), "--json"))
    keys = ["added", "updated", "unchanged", "removed", "failed", "quarantined"]
    assert first.keys() >= {*keys, "seconds", "files"}
    assert [first[key] for key in keys] == [2, 0, 0, 0, 1, 0]
    assert [(file["source"], file["state"], file["chunks"]) for file in first["files"]] == [
        ("broken.md", "failed", 0),
        ("leave.md", "indexed", 1),
        ("logo.bin", "skipped", 0),
        ("pay.md", "indexed", 1),
    ]
    assert [file["reason"] is None for file in first["files"]] == [False, True, False, True]
    write("knowledge/docs/leave.md", LEAVE.replace("five", "seven"))
    (company.documents / "pay.md").unlink()
    second = _object(deskhand("--home", str(company.root), "index", "--json"))
    assert [second[key] for key in keys] == [0, 1, 0, 1, 1, 0]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["ask", ""], "the question is empty: type what you would like to know"),
        (["ask", "\x1b\x07\u200b \n"], "the question is empty: type what you would like to know"),
        (["search", " "], "the question is empty: type what you would like to know"),
        (["ask", "why " * 25_000], "the question has 99,999 characters, the limit is 4,000 "),
        (["ask", "x", "--jsno"], "No such option: --jsno"),
        (["ask"], "Missing argument 'question'. (`deskhand ask --help` shows what there is)"),
        (["ask", "x", "--groups"], "Option '--groups' requires an argument."),
        (["search", "x", "-k", "0"], "Invalid value for '-k': "),
        (["search", "x", "-k", "many"], "Invalid value for '-k': "),
        (["settings"], "Missing command. (`deskhand settings --help` shows what there is)"),
        (["xyzzy"], "No such command 'xyzzy'. (`deskhand --help` shows what there is)"),
        (
            ["settings", "schema", "robots"],
            "no settings file named 'robots' (known: assistant, knowledge, models, bots)",
        ),
        (["--home", "/nowhere/at/all", "index"], "--home: there is no folder /nowhere/at/all: `deskhand init "),
        (["doctor", "--home", ""], "--home: is empty: name a folder"),
        (["init", str(CHECKOUT)], f"{CHECKOUT} is a home already: nothing was changed"),
    ],
)
def test_wrong_use_is_status_2_with_one_line(
    home: Home, deskhand: Command, monkeypatch: pytest.MonkeyPatch, arguments: list[str], expected: str
) -> None:
    monkeypatch.setenv("DESKHAND_HOME", str(home.root))
    ran = deskhand(*arguments)
    assert ran.status == 2
    assert ran.error.startswith(expected)
    assert len(ran.error) < 300
    assert not home.data.exists()


def test_the_real_command_tells_wrong_use_as_well(process: Command) -> None:
    ran = process("ask", "--nonsense")
    assert (ran.status, ran.error.partition(":")[0]) == (2, "No such option")


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_without_arguments_the_commands_are_listed(deskhand: Command, arguments: list[str]) -> None:
    ran = deskhand(*arguments)
    assert (ran.status, ran.err) == (0, "")
    assert all(name in ran.out for name in ("ask", "chat", "search", "index", "doctor", "init", "settings"))


@pytest.mark.parametrize(
    ("command", "path", "content", "expected"),
    [
        ("ask", "settings/models.yaml", "routes:\n  answer: [x\n", "settings/models.yaml:3: not YAML: "),
        (
            "ask",
            "settings/assistant.yaml",
            "plugins:\n  - persona\n  - rga\n",
            "settings/assistant.yaml:3: plugins[1]: no plugin named 'rga' (did you mean rag?)",
        ),
        ("index", "data", "a file", "{home}/data is in the way, it should be a folder: move it elsewhere"),
        (
            "index",
            "data/deskhand.db",
            "no database" * 100,
            "the database in {home}/data is damaged: remove it and run ",
        ),
        ("index", "data/deskhand.db/x", "a folder", "{home}/data cannot be written: check its permissions"),
    ],
)
def test_what_cannot_be_worked_with_is_status_1_with_one_line(
    company: Home, write: Write, deskhand: Command, command: str, path: str, content: str, expected: str
) -> None:
    write(path, content)
    question = ["How many days?"] if command == "ask" else []
    ran = deskhand(command, *question, "--home", str(company.root))
    assert ran.status == 1
    assert ran.error.startswith(expected.replace("{home}", str(company.root)))


def test_a_missing_and_an_empty_documents_folder_are_status_1_with_one_line(home: Home, deskhand: Command) -> None:
    for command in (["ask", "x"], ["index"]):
        ran = deskhand(*command, "--home", str(home.root))
        assert ran.status == 1
        assert ran.error == f"{home.documents} holds no documents: drop PDF, Word, Markdown or other files there"
    home.documents.rmdir()
    ran = deskhand("index", "--home", str(home.root))
    assert (ran.status, ran.error.partition(":")[0]) == (1, f"there is no folder {home.documents}")


def test_settings_check_and_schema_print_what_scripts_read(company: Home, write: Write, deskhand: Command) -> None:
    home = ("--home", str(company.root))
    assert _object(deskhand("settings", "check", *home, "--json")) == {"ok": True, "files": []}
    write("settings/models.yaml", "models: {}\n")
    assert deskhand("settings", "check", *home).out == "settings/models.yaml: fine\n"
    schema = json.loads(deskhand("settings", "schema", "models").out)
    assert schema == json.loads((CHECKOUT / "settings" / "models.schema.json").read_text())
    deskhand("settings", "schema", "--write", *home)
    assert json.loads((company.settings / "models.schema.json").read_text()) == schema
    write("settings/models.yaml", "modles: {}\nrouets: {}\n")
    ran = deskhand("settings", "check", *home)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.splitlines() == [
        "deskhand: settings/models.yaml:1: modles: no such setting (did you mean models?)",
        "deskhand: settings/models.yaml:2: rouets: no such setting (did you mean routes?)",
    ]


def test_a_schema_that_cannot_be_written_is_status_1_with_one_line(home: Home, write: Write, deskhand: Command) -> None:
    write("settings", "a file in the place of the folder")
    ran = deskhand("settings", "schema", "--write", "--home", str(home.root))
    assert (ran.status, ran.error) == (1, f"{home.settings} is in the way, it should be a folder: move it elsewhere")


def test_doctor_ends_with_status_1_until_all_is_well(company: Home, deskhand: Command) -> None:
    ran = deskhand("doctor", "--home", str(company.root))
    assert (ran.status, ran.err, ran.out.splitlines()[-1]) == (1, "", "Next: run `deskhand index`")
    assert deskhand("index", "--home", str(company.root)).status == 0
    assert deskhand("doctor", "--home", str(company.root)).status == 0


HOLD = """
import asyncio, sys
from knowledge import open_index
from settings import Home, load_settings
from pathlib import Path

async def hold():
    async with open_index(load_settings(Home(Path(sys.argv[1])))):
        print("held", flush=True)
        await asyncio.sleep(600)

asyncio.run(hold())
"""


def test_an_index_that_another_process_holds_is_status_1_and_free_when_that_one_dies(
    company: Home, start: Start, deskhand: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deskhand.local.PATIENCE_SECONDS", 0.3)
    holder = start("-c", HOLD, str(company.root))
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    for command in (["index"], ["ask", "x"], ["search", "x"]):
        ran = deskhand(*command, "--home", str(company.root))
        assert ran.status == 1
        waiting, failed = ran.err.splitlines()
        taken = f"is in use by another deskhand process (pid {holder.pid}): wait until it has finished"
        assert waiting.startswith("deskhand: waiting: ")
        assert taken in waiting
        assert taken in failed
    holder.kill()
    holder.wait()
    assert deskhand("index", "--home", str(company.root)).status == 0


@pytest.mark.parametrize(
    "most_bytes", [10_000, pytest.param(100_000, marks=pytest.mark.embedded("the engine's files are the larger ones"))]
)
def test_a_full_disk_is_status_1_with_one_line_and_costs_nothing_that_was_saved(
    company: Home, start: Start, deskhand: Command, most_bytes: int
) -> None:
    child = start("-m", "deskhand", "index", "--home", str(company.root))
    resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    out, err = child.communicate(timeout=60)
    ran = Ran(child.returncode, out.decode(), err.decode())
    assert ran.status == 1
    assert "Traceback" not in ran.error
    assert _object(deskhand("index", "--home", str(company.root), "--json"))["added"] == 2


def test_a_defect_is_one_line_even_where_its_details_cannot_be_saved_and_shows_no_key(
    company: Home, write: Write, deskhand: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write("settings/models.yaml", "models: {}\n")

    def broken(*_: object) -> None:
        raise RuntimeError("two\nlines about sk-proj-abcdefghijklmnopqrstuvwxyz")

    monkeypatch.setattr("deskhand.cli.check_rooms", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    saved = deskhand("settings", "check")
    assert saved.status == 70
    assert saved.error.startswith("a defect in Deskhand: RuntimeError: two lines about **********. Please report it")
    [log] = tmp_path.glob("deskhand-*.log")
    assert "Traceback" in log.read_text()
    assert "sk-proj" not in log.read_text()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    assert "the details could not be saved" in deskhand("settings", "check").error


def _rows(home: Home) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{home.database}?mode=ro", uri=True) as database:
        return database.execute("SELECT source, digest, version, chunks, state FROM file ORDER BY source").fetchall()


def _embedded(home: Home) -> int:
    try:
        with sqlite3.connect(f"file:{home.database}?mode=ro", uri=True) as database:
            [number] = database.execute("SELECT count(*) FROM embedding").fetchone()
            return int(number)
    except sqlite3.OperationalError:
        return 0


async def test_ctrl_c_in_the_middle_of_indexing_is_status_130_and_the_next_run_completes(
    home: Home, tmp_path: Path, start: Start
) -> None:
    undisturbed = Home(tmp_path / "undisturbed")
    for made in (home, undisturbed):
        made.documents.mkdir(parents=True, exist_ok=True)
        made.settings.mkdir()
        (made.settings / "knowledge.yaml").write_text(
            f"chunk: {{target_words: 20, most_words: 30}}\nstore: {{collection: {made.root.name}}}\n"
        )
        for number in range(4):
            parts = [f"## Rule {number}.{part}\n\n" + f"Form {number}/{part} is signed. " * 5 for part in range(25)]
            (made.documents / f"rules-{number}.md").write_text(f"# Rules {number}\n\n" + "\n\n".join(parts))
    child = start("-m", "deskhand", "index", "--home", str(home.root))
    while child.poll() is None and _embedded(home) == 0:
        await asyncio.sleep(0.02)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    ran = Ran(child.returncode, out.decode(), err.decode())
    assert (ran.status, ran.error) == (
        130,
        "stopped; what was done so far is kept, the same command goes on from there",
    )
    kept = _embedded(home)
    assert kept > 0
    reports = {}
    for made in (home, undisturbed):
        async with open_index(load_settings(made)) as index:
            reports[made] = await index.sync()
    assert _rows(home) == _rows(undisturbed) != []
    assert reports[home].embedded == reports[undisturbed].embedded - kept


def test_a_conversation_keeps_its_thread_and_cites_and_ends_with_exit(
    company: Home, write: Write, process: Command
) -> None:
    write("knowledge/docs/leave.md", LEAVE.replace("five days", "five \x1b[31mdays\x1b[0m"))
    typed = f"{BANDS}\n\xff\nand the bonus?\nexit\nnever asked\n".encode("latin-1")
    ran = process("chat", "--home", str(company.root), "--groups", "managers", typed=typed)
    assert (ran.status, ran.err) == (0, "")
    assert "[1] Salary bands > Team leads (pay.md:" in ran.out
    assert ran.out.count("nine percent") >= 2
    assert "\x1b" not in ran.out


def test_ctrl_c_ends_a_conversation_though_nobody_presses_enter(company: Home, start: Start) -> None:
    child = start("-m", "deskhand", "chat", "--home", str(company.root))
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(b"How many days can I carry over?\n")
    child.stdin.flush()
    while b"(leave.md:5)" not in child.stdout.readline():
        pass
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=30) == 130
    assert child.stderr is not None
    assert len(child.stderr.read().splitlines()) == 1


def test_a_question_on_standard_input_need_not_be_utf8(company: Home, process: Command) -> None:
    ran = process(
        "ask", "-", "--home", str(company.root), typed="How many days can I carry over\xa0?\n".encode("latin-1")
    )
    assert (ran.status, ran.err) == (0, "")
    assert "five days" in ran.out


def test_a_reader_who_leaves_early_gets_no_traceback(start: Start) -> None:
    child = start("-m", "deskhand", "settings", "schema")
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait() == 1


def test_mistakes_in_the_settings_are_an_object_for_a_script(home: Home, write: Write, deskhand: Command) -> None:
    write("settings/models.yaml", "routes:\n  answer: [gtp]\n")
    done = deskhand("settings", "check", "--json", "--home", str(home.root))
    data = json.loads(done.out)
    assert done.status == 1
    assert data["ok"] is False
    assert data["problems"][0]["place"] == "settings/models.yaml:2"
