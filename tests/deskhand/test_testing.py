"""The test kit as somebody outside of this repository uses it: a folder with a plugin, its test and a conftest."""

import subprocess
import sys
from pathlib import Path

from settings.home import CHECKOUT

CONFTEST = 'pytest_plugins = ["deskhand.testing"]\n'

PLUGIN = """
from deskhand import Options, Plugin, Reply, command, health_check, job, Place


class Helper(Plugin[Options]):
    async def __call__(self, turn, call_next):
        found = await self.context.search.search(turn.message.text, turn.message.audience)
        said = await self.context.models.complete("answer", [{"role": "user", "content": turn.message.text}], turn)
        reply = await call_next(turn.with_(passages=found.passages))
        return Reply(f"{said.text} {await reply.read()} {len(found.passages)}")

    @command("advise", "helps")
    async def advise(self, call):
        return f"help for {call.text}"

    @job("0 9 * * *")
    async def work(self):
        await self.context.post(Place("slack", "", "C1"), "good morning")
        self.context.notify("the day has begun")

    @health_check
    async def fine(self):
        return "not today"
"""

TEST = """
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from deskhand import OptionError, Person, Reply
from deskhand.testing.slack import BOT_TOKEN
from helper import Helper

FILE = Path(__file__).with_name("helper.py")


async def test_everything(chain, models, knowledge):
    models.texts.append("Well:")
    knowledge.add("Leave is 25 days.")
    async with chain(Helper, answer="Five weeks.", models=models, knowledge=knowledge) as asked:
        assert await asked("how long?", groups=["staff"]) == "Well: Five weeks. 4"
        assert asked.turn.passages[3].text == "Leave is 25 days."
        assert await asked.command("advise", "Sam") == "help for Sam"
        await asked.job("work")
        assert (asked.posted[0][1], asked.told) == ("good morning", ["the day has begun"])
        assert await asked.health() == ["not today"]
    assert models.asked[0][0] == "answer"
    assert knowledge.asked[0]["groups"] == ("staff",)


async def test_a_file(chain, models):
    models.texts.append("Well:")
    async with chain(FILE, models=models) as asked:
        assert await asked("how long?") == "Well: The answer. 0"


async def test_a_failure_fails_the_test(chain):
    async def breaks(turn, call_next):
        raise OSError("away")

    async with chain(breaks) as asked:
        with pytest.raises(AssertionError, match="breaks: OSError: away"):
            await asked("how long?")


async def test_anybody_asks_at_any_time(chain):
    async def greets(turn, call_next):
        message = turn.message
        return Reply(f"{message.sent_at:%A}, {message.person.name}, {', '.join(message.person.groups)}")

    friday = datetime(2026, 11, 27, tzinfo=UTC)
    async with chain(greets) as asked:
        assert await asked("hi", person=Person("u2", "Kim", ("staff",)), sent_at=friday) == "Friday, Kim, staff"
        assert await asked("hi", groups=["it"], sent_at=friday) == "Friday, Sam, it"
        assert await asked("hi", person=Person("u2", "Kim"), groups=["it"], sent_at=friday) == "Friday, Kim, it"


async def test_options_that_are_not_declared(chain):
    with pytest.raises(AssertionError, match="is `Options = ...` missing in it"):
        async with chain(Helper, options={"x": 1}):
            pass


async def test_secrets(chain):
    async with chain(Helper, secrets={"KEY": "sesame"}) as asked:
        assert asked.plugin.context.secret("KEY") == "sesame"
        with pytest.raises(OptionError, match="there is no OTHER: set it in"):
            asked.plugin.context.secret("OTHER")


async def test_slack(slack):
    slack.add_person("U1", "Sam")
    slack.add_channel("C1", ["U1", slack.bot_user])
    client = AsyncWebClient(BOT_TOKEN, base_url=slack.base_url)
    await client.chat_postMessage(channel="C1", text="hello")
    assert [post.text for post in slack.posts("C1")] == ["hello"]


async def test_discord(discord):
    discord.add_person(5, "Sam")
    async with aiohttp.ClientSession() as session, session.get(f"{discord.api_url}/gateway") as response:
        assert (await response.json())["url"].startswith("ws://127.0.0.1")
"""


def test_its_fixtures_from_outside(tmp_path: Path) -> None:
    for name, text in (("conftest.py", CONFTEST), ("helper.py", PLUGIN), ("test_helper.py", TEST)):
        (tmp_path / name).write_text(text)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "ignore", "-p", "no:cacheprovider"],
        cwd=tmp_path, env={"PYTHONPATH": str(CHECKOUT), "PATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout.splitlines()[-1].split(" in ")[0]) == (0, "8 passed"), ran.stdout + ran.stderr
