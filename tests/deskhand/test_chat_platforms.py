"""`deskhand run` with chat platforms: a process of its own, talking to platforms on loopback."""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from deskhand.testing.discord.server import BOT, GENERAL, SAM, fake_discord
from deskhand.testing.discord.server import TOKEN as DISCORD_TOKEN
from deskhand.testing.slack import FakeSlack
from deskhand.testing.slack.server import APP_TOKEN, BOT_TOKEN, fake_slack
from settings import Home
from settings.home import CHECKOUT
from tests.deskhand.conftest import Command

pytestmark = pytest.mark.index

MENTION = "<@UBOT>"


@asynccontextmanager
async def at_work(home: Home) -> AsyncIterator[asyncio.subprocess.Process]:
    """`deskhand run`, connected."""
    log = home.root / "log"
    tokens = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN, "DISCORD_TOKEN": DISCORD_TOKEN}
    (home.root / ".env").write_text("".join(f"{name}={value}\n" for name, value in tokens.items()))
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "deskhand", "run", "--home", str(home.root),
            cwd=CHECKOUT, stderr=out,
        )  # fmt: skip
    try:
        async with asyncio.timeout(90):
            while f"answering on {_names(home)}" not in log.read_text() and process.returncode is None:
                await asyncio.sleep(0.05)
        assert process.returncode is None, log.read_text()
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(30):
                await process.wait()


def _names(home: Home) -> str:
    bots = yaml.safe_load((home.settings / "bots.yaml").read_text())
    return ", ".join(str(entry["name"]) for entries in bots.values() for entry in entries)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with fake_slack() as workspace:
        yield workspace


@pytest.fixture
def office(company: Home, slack: FakeSlack) -> Home:
    """A company whose assistant is on Slack."""
    company.settings.mkdir(exist_ok=True)
    entry = {"name": "office", "base_url": slack.base_url, "administrators": ["U2"], "notices": "C1"}
    (company.settings / "bots.yaml").write_text(yaml.safe_dump({"slack": [entry]}))
    return company


async def test_the_home_counts_what_its_reader_may_ask_about(office: Home, slack: FakeSlack) -> None:
    slack.add_group("managers", ["U2"])
    arguments = ("-m", "deskhand", "index", "--home", str(office.root))
    indexed = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=CHECKOUT, stdout=DEVNULL)
    assert await indexed.wait() == 0
    async with at_work(office):
        slack.open_home("U1")
        slack.open_home("U2")
        await slack.until(lambda: len(slack.workspace.homes) == 2, 30)
    assert "1 document that you can ask about; last looked at" in str(slack.workspace.homes["U1"])
    assert "2 documents that you can ask about; last looked at" in str(slack.workspace.homes["U2"])


async def test_a_mention_is_answered_from_the_documents_and_survives_a_kill(office: Home, slack: FakeSlack) -> None:
    async with at_work(office) as process:
        await slack.say("U1", "C1", f"{MENTION} how many days can i carry over?")
        [answer] = await slack.answers("C1", seconds=60)
        assert "five days" in answer.shown
        assert "Leave > Carry over" in answer.shown
        await asyncio.sleep(0.5)  # it is shown a moment before it is noted as done
        await slack.command("U2", "/deskhand", f"why https://x.slack.example/archives/C1/p{answer.ts.replace('.', '')}")
        await slack.until(lambda: slack.responses, 30)
        assert "searched" in slack.responses[0]["text"]
        assert "leave.md" in slack.responses[0]["text"]
        process.kill()
        await process.wait()
    slack.retries = (0.5,) * 120
    await slack.say("U1", "C1", f"{MENTION} how many days of leave may be carried over?")
    async with at_work(office):
        answers = await slack.answers("C1", 2, seconds=60)
        await asyncio.sleep(0.5)
    assert len(answers) == len(slack.posts("C1")) == 2


async def test_both_platforms_asked_at_the_same_time_in_one_process(office: Home, slack: FakeSlack) -> None:
    async with fake_discord() as discord:
        bots = office.settings / "bots.yaml"
        entry = {"name": "guild", "api_url": discord.api_url}
        bots.write_text(yaml.safe_dump(yaml.safe_load(bots.read_text()) | {"discord": [entry]}, sort_keys=False))
        async with at_work(office):
            await discord.connected()
            discord.say(SAM, GENERAL, f"<@{BOT}> how many days can i carry over?")
            await slack.say("U1", "C1", f"{MENTION} how many days can i carry over?")
            answers = await asyncio.gather(slack.answers("C1", seconds=60), discord.answers(GENERAL, seconds=60))
            await asyncio.sleep(0.5)  # for a second answer, which there must not be
        [in_slack], [in_discord] = answers
        assert "five days" in in_slack.shown
        assert "five days" in in_discord.content
        assert (len(slack.posts()), len(discord.posts())) == (1, 1)


async def test_a_changed_contact_and_limit_are_in_force_with_the_next_question(office: Home, slack: FakeSlack) -> None:
    long = (
        f"{MENTION} i did not take all of my leave: how many days can i carry over into the next year? {'Thanks! ' * 3}"
    )
    async with at_work(office):
        await slack.say("U1", "C1", long)
        [answer] = await slack.answers("C1", seconds=60)
        assert "five days" in answer.shown
        (office.settings / "assistant.yaml").write_text("contact: the new help desk\nquestion_characters: 100\n")
        await slack.say("U1", "C1", long)
        answers = await slack.answers("C1", 2, seconds=60)
        assert "the limit is 100" in answers[1].shown
        await slack.command("U2", "/deskhand", "pause")
        await slack.until(lambda: slack.responses, 30)
        await slack.say("U1", "C1", f"{MENTION} how many days?")
        answers = await slack.answers("C1", 3, seconds=60)
        assert answers[2].shown.startswith("I could not answer this: I am paused")
        assert "Please ask the new help desk." in answers[2].shown


async def test_what_is_wrong_with_a_document_reaches_the_administrators_channel(office: Home, slack: FakeSlack) -> None:
    async with at_work(office):
        (office.documents / "broken.md").write_text("---\naudience: []\n---\n# Secret\n\nNobody may read this.\n")
        await slack.until(lambda: any("broken.md" in post.text for post in slack.posts("C1")), 60)


def test_a_wrong_token_ends_the_start_with_one_line(office: Home, slack: FakeSlack, process: Command) -> None:
    ran = process("run", "--home", str(office.root))
    assert ran.status == 1
    assert ran.err.splitlines()[-1] == "deskhand: bots.yaml: office: SLACK_BOT_TOKEN is not set"


def test_the_manifest_names_the_assistant_and_what_it_needs(office: Home, deskhand: Command) -> None:
    ran = deskhand("slack", "manifest", "--home", str(office.root))
    assert '"agent_view"' in ran.out
    assert '"app_mentions:read"' in ran.out
    wrong = deskhand("slack", "manifest", "--name", "other", "--home", str(office.root))
    assert (wrong.status, wrong.error) == (
        2,
        "--name: no workspace of settings/bots.yaml is named 'other' (known: office)",
    )


def test_an_invitation_needs_the_token(company: Home, deskhand: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    ran = deskhand("discord", "invite", "--home", str(company.root))
    assert (ran.status, ran.error) == (1, "DISCORD_TOKEN is not set: put the bot's token there first")


def test_doctor_says_which_token_is_missing(office: Home, deskhand: Command, tmp_path: Path) -> None:
    ran = deskhand("doctor", "--home", str(office.root))
    assert ran.status == 1
    assert "office: SLACK_BOT_TOKEN is not set" in ran.out
