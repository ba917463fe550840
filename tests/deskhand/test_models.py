"""`deskhand models`, `ask --why` and `settings diff`, as an operator sees them."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deskhand.testing.model_server import ModelServer
from settings import Home
from settings.home import CHECKOUT
from tests.deskhand.conftest import Command

pytestmark = pytest.mark.xdist_group("litellm")

Write = Callable[[str, str], Path]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A model server in a thread of its own: the command line runs its own event loop."""
    made, ready, stop = ModelServer(), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with made:
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait(10)
    yield made
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


@pytest.fixture
def company(company: Home, write: Write, server: ModelServer) -> Home:
    server.add("main", fault="rate_limit")
    server.add("spare", "You may carry over five days [1].")
    at = f"api_base: '{server.url}', stall_seconds: 20, output_cost_per_million: 1000000, retries: 0"
    write(
        "settings/models.yaml",
        f"models:\n  main: {{model: openai/main, {at}}}\n  spare: {{model: openai/spare, {at}}}\n"
        "routes:\n  answer: [main, spare, extractive]\nbudget: {per_day: 1000}\n",
    )
    return company


def test_why_shows_searches_models_and_costs_and_models_counts_them(company: Home, deskhand: Command) -> None:
    question = ["How many days of leave can I carry over?", "--home", str(company.root)]
    answer = json.loads(deskhand("ask", *question, "--json", "--why").out)
    assert (answer["status"], answer["model"]) == ("answered", "spare")
    why = answer["why"]
    assert [attempt["model"] for attempt in why["attempts"]] == ["main", "spare"]
    assert why["attempts"][0]["moved_on_because"] == "main is over its rate limit"
    assert why["attempts"][1]["answer_tokens"] == 7
    assert why["cost_usd"] == answer["cost_usd"] == 7
    [search] = why["searches"]
    assert [passage["source"] for passage in search["passages"]] == ["leave.md"]  # pay.md is for managers
    assert search["passages"][0]["version"]
    assert {step["plugin"] for step in why["plugins"]} == {"guard", "persona", "history", "rag", "output", "answer"}

    text = deskhand("ask", *question, "--why").out
    assert "main: moved on after" in text
    assert "is over its rate limit" in text
    assert "leave.md:5  (version " in text

    report = json.loads(deskhand("models", "--home", str(company.root), "--json").out)
    assert report["routes"] == {"answer": ["main", "spare", "extractive"]}
    assert (report["models"]["spare"]["today"]["calls"], report["budget"]["spent_today_usd"]) == (2, 14)
    assert report["replies_today"] == [{"status": "answered", "reason": None, "count": 2}]
    shown = deskhand("models", "--home", str(company.root)).out
    assert "budget: $14.0000 spent today, of $1000.00" in shown


def test_ping_says_which_model_answers_and_fails_where_one_does_not(company: Home, deskhand: Command) -> None:
    ran = deskhand("models", "--ping", "--home", str(company.root), "--json")
    assert ran.status == 1
    models = json.loads(ran.out)["models"]
    assert models["main"]["ping"]["problem"] == "main is over its rate limit"
    assert models["spare"]["ping"]["ok"]
    assert models["spare"]["ping"]["cost_usd"] == 7
    assert (
        "does not answer: main is over its rate limit" in deskhand("models", "--ping", "--home", str(company.root)).out
    )


def test_why_without_a_model_imports_no_client_and_costs_nothing(home: Home, deskhand: Command) -> None:
    (home.documents / "leave.md").write_text("# Leave\n\nYou have five weeks of annual leave a year.\n")
    answer = json.loads(deskhand("ask", "how much annual leave?", "--home", str(home.root), "--json", "--why").out)
    assert (answer["why"]["attempts"], answer["why"]["cost_usd"]) == ([], 0)


def test_diff_shows_what_would_change_with_its_place(company: Home, write: Write, deskhand: Command) -> None:
    at = ("--home", str(company.root))
    first = json.loads(deskhand("settings", "diff", *at, "--json").out)
    assert first["applied_at"] is None
    assert "models.routes.answer" in [change["setting"] for change in first["changes"]]
    deskhand("ask", "how many days can I carry over?", *at)
    assert deskhand("settings", "diff", *at).out.endswith(": no change\n")
    write("settings/models.yaml", "routes:\n  answer: [extractive]\n")
    write("settings/knowledge.yaml", "search: {passages: 3}\n")
    changes = json.loads(deskhand("settings", "diff", *at, "--json").out)["changes"]
    route = next(change for change in changes if change["setting"] == "models.routes.answer")
    assert (route["place"], route["old"], route["new"], route["takes_effect"]) == (
        "settings/models.yaml:2", ["main", "spare", "extractive"], ["extractive"], "with the next question",
    )  # fmt: skip
    search = next(change for change in changes if change["setting"] == "knowledge.search.passages")
    assert search["takes_effect"] == "with the next question"
    write("settings/models.yaml", "routes:\n  answer: [gpt]\n")
    assert deskhand("settings", "diff", *at).error.startswith("settings/models.yaml:2: routes.answer[0]: no model")


@pytest.mark.index
def test_a_question_without_a_model_never_imports_the_client_library(home: Home) -> None:
    (home.documents / "leave.md").write_text("# Leave\n\nYou have five weeks of annual leave a year.\n")
    code = (
        "import sys\nfrom deskhand.cli import main\n"
        f"sys.argv = ['deskhand', 'ask', 'how much annual leave?', '--home', {str(home.root)!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    status = end.code\n"
        "print(status, sorted({'litellm', 'openai'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("0 []\n")


def test_an_assistant_answers_while_the_client_library_is_still_being_loaded(company: Home) -> None:
    """What `run` does at its start: what needs no model is not held up by loading one."""
    code = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom bots import terminal_message\n"
        "from deskhand.assistant import open_assistant\nfrom settings import Home, load_settings\n"
        "async def main() -> None:\n"
        f"    async with open_assistant(load_settings(Home(Path({str(company.root)!r})))) as assistant:\n"
        "        assistant.warm_up()\n"
        "        found = await assistant.index.search('how many days can I carry over?')\n"
        "        print(len(found.passages) > 0, assistant.chain.models.loaded)\n"
        "asyncio.run(main())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True False"
