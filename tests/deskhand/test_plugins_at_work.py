"""What plugins declare, in a home at work on Slack and Discord."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from deskhand.chat_platforms import work_on_platforms
from deskhand.session import Session
from deskhand.testing import FakeDiscord, FakeSlack
from deskhand.testing.discord.server import GENERAL, SAM, fake_discord
from deskhand.testing.discord.server import TOKEN as DISCORD_TOKEN
from deskhand.testing.slack.server import APP_TOKEN, BOT_TOKEN, fake_slack
from plugins import declaring
from settings import Home
from settings.tasks import running
from tests.deskhand.conftest import Command

pytestmark = pytest.mark.index

Write = Callable[[str, str], Path]

TEAM = f"""
from deskhand import Options, Place, Plugin, command, health_check, job


class Team(Plugin[Options]):
    @command("team", "who is there")
    async def team(self, call):
        return f"{{call.person.name}} and {{call.text}}"

    @command("dismiss", "send somebody home", administrators=True)
    async def dismiss(self, call):
        return f"{{call.text}} may go"

    @job("0 9 * * *")
    async def greet(self):
        await self.context.post(Place("slack", "", "C1"), "Good morning, Slack")
        await self.context.post(Place("discord", "", "{GENERAL}"), "Good morning, Discord")
        self.context.notify("The day has begun.")
        raise OSError("no coffee")

    @health_check
    async def coffee(self):
        return "there is none"
"""


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with fake_slack() as workspace:
        yield workspace


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with fake_discord() as server:
        yield server


@pytest.fixture
def office(company: Home, write: Write, slack: FakeSlack, discord: FakeDiscord) -> Home:
    slack.add_channel("C1", ["U1", "U2", slack.bot_user])
    for person in ("U1", "U2"):
        slack.add_person(person)
    bots = {
        "slack": [{"name": "office", "base_url": slack.base_url, "administrators": ["U2"], "notices": "C1"}],
        "discord": [{"name": "guild", "api_url": discord.api_url}],
    }
    write("settings/bots.yaml", yaml.safe_dump(bots))
    write(".env", f"SLACK_BOT_TOKEN={BOT_TOKEN}\nSLACK_APP_TOKEN={APP_TOKEN}\nDISCORD_TOKEN={DISCORD_TOKEN}\n")
    write("settings/assistant.yaml", "plugins: [team, remind, persona, rag, output, answer]\n")
    write("plugins/team.py", TEAM)
    return company


@asynccontextmanager
async def at_work(home: Home) -> AsyncIterator[Session]:
    """What `deskhand run` opens, in this process."""
    connected = asyncio.Event()

    async def ready() -> None:
        connected.set()

    async with Session(home, "run") as session:
        upkeep = await session.upkeep()
        async with running(session.notices.deliver()), running(work_on_platforms(session, upkeep, ready)) as work:
            waiting = asyncio.create_task(connected.wait())  # noqa: TID251
            await asyncio.wait([waiting, work], timeout=60, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
            yield session


async def in_slack(slack: FakeSlack, person: str, text: str, channel: str = "C1") -> str:
    number = len(slack.responses)
    await slack.command(person, "/deskhand", text, channel)
    await slack.until(lambda: len(slack.responses) > number)
    return str(slack.responses[-1]["text"])


async def in_discord(discord: FakeDiscord, text: str, channel: int = GENERAL) -> str:
    token = discord.command(SAM, channel, "deskhand do", command=text)
    answered = discord.rest.interactions[token]
    await discord.until(lambda: "message" in answered and answered["message"].content)
    return str(answered["message"].content)


async def test_commands_in_slack_and_discord_for_whom_they_are(
    office: Home, slack: FakeSlack, discord: FakeDiscord, write: Write
) -> None:
    async with at_work(office):
        await discord.connected()
        assert await in_slack(slack, "U1", "team Kim") == "u1 and Kim"
        assert (await in_slack(slack, "U1", "dismiss Kim")).startswith("Only administrators")
        assert await in_slack(slack, "U2", "dismiss Kim") == "Kim may go"
        assert (await in_slack(slack, "U1", "help")).splitlines()[:-1] == ["- `team`: who is there"]
        assert "- `dismiss`: send somebody home" in await in_slack(slack, "U2", "help")
        assert (await in_slack(slack, "U2", "dance")).endswith("`team`, `dismiss`, `remind`.")
        assert (await in_discord(discord, "team Kim")).endswith(" and Kim")
        assert (await in_discord(discord, "dismiss Kim")).startswith("Only administrators")
        write("plugins/team.py", TEAM.replace(" and {call", " with {call"))
        assert await in_slack(slack, "U1", "team Kim") == "u1 with Kim"


async def test_reminders_in_slack_and_discord(office: Home, slack: FakeSlack, discord: FakeDiscord) -> None:
    async with at_work(office):
        await discord.connected()
        assert (await in_slack(slack, "U1", "remind in 2 hours call Dana")).startswith("Others would read it here")
        assert (await in_slack(slack, "U1", "remind in 2 hours call Dana", "DU1")).startswith("I will remind you on ")
        assert (await in_slack(slack, "U1", "remind", "DU1")).endswith(": call Dana")
        direct = discord.direct(SAM)
        assert (await in_discord(discord, "remind in 2 hours call Kim", direct)).startswith("I will remind you on ")
        assert (await in_discord(discord, "remind", direct)).endswith(": call Kim")


async def test_a_job_posts_through_the_bots_and_tells_the_administrators(
    office: Home, slack: FakeSlack, discord: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    nine = asyncio.Event()

    async def once(schedule: object, due: Callable[[], None]) -> None:
        await nine.wait()
        due()
        await asyncio.Event().wait()

    monkeypatch.setattr(declaring, "keep_schedule", once)
    async with at_work(office):
        await discord.connected()
        nine.set()
        await slack.until(lambda: len(slack.posts("C1")) == 3, 20)
        await discord.until(lambda: discord.posts(GENERAL))
    assert [post.text for post in slack.posts("C1")][:2] == ["Good morning, Slack", "The day has begun."]
    assert slack.posts("C1")[2].text.startswith("The job greet of plugin team failed: OSError: no coffee")
    assert [post.content for post in discord.posts(GENERAL)] == ["Good morning, Discord"]


def test_commands_in_the_terminal(company: Home, write: Write, process: Command) -> None:
    write("settings/assistant.yaml", "plugins: [team, remind, persona, rag, output, answer]\n")
    write("plugins/team.py", TEAM)
    typed = "/team Kim\n/dismiss Kim\n/remind\n/remind in 2 hours call Dana\n/dance\n/help\n"
    ran = process("chat", "--home", str(company.root), typed=typed.encode())
    assert (ran.status, ran.out.splitlines()) == (
        0,
        [
            " and Kim",
            "Kim may go",
            "You have no reminders. Write a day or a time and what to say: "
            "`friday 10:00 hand in my expenses`, `in 2 hours call Dana`.",
            "I cannot write to a terminal later: ask me in a chat.",
            "there is no /dance (known: /help, /reindex, /team, /dismiss, /remind)",
            "/help     list the commands",
            "/reindex  bring the index up to date",
            "/team     who is there",
            "/dismiss  send somebody home",
            "/remind   set a reminder: `friday 10:00 hand in my expenses`; alone, list yours; `forget 3`",
        ],
    )


def test_doctor_asks_the_plugins_how_they_are(company: Home, write: Write, deskhand: Command) -> None:
    write("settings/assistant.yaml", "plugins: [team, persona, rag, output, answer]\n")
    write("plugins/team.py", TEAM)
    deskhand("index", "--home", str(company.root))
    ran = deskhand("doctor", "--home", str(company.root))
    assert ran.status == 1
    assert "wrong  team.coffee: there is none" in ran.out
    assert "Next: team: there is none" in ran.out
