"""Draw `docs/pictures/*.svg`: an answer as the adapters send it to Slack and Discord.

`python docs/make_answers.py` in an installed checkout with the test tools. Bots, SDKs and messages are the real
ones; the platforms are the tests' fakes. The drawings are this file's own: each client has its own look, and Slack's
draws the table as one.
"""

import asyncio
import os
import re
import tempfile
import textwrap
from collections.abc import Sequence
from contextlib import AsyncExitStack
from html import escape
from pathlib import Path
from typing import Any

from slack_sdk.models.blocks import Block

from bots.administration import Administration, AdministrationCommand
from bots.desk import Desk
from bots.discord import DiscordBot
from bots.inbox import Inbox
from bots.slack import SlackBot
from deskhand.testing.discord import fake_discord
from deskhand.testing.discord.server import BOT, GENERAL, SAM, TOKEN
from deskhand.testing.slack.server import APP_TOKEN, BOT_TOKEN, BOT_USER, fake_slack
from knowledge import Passage
from plugins import Citation, Exchange, Message, Outcome, Reply
from plugins.feedback import Feedback
from settings import Home
from settings.database import open_database
from settings.secrets import Secrets
from settings.sections import AssistantSettings
from settings.sections.bots import DiscordSettings, LimitSettings, SlackSettings

PICTURES = Path(__file__).resolve().parent / "pictures"
QUESTION = "can I carry over days I didn't use?"
ANSWER = """You may carry over **5 days** into the next year [1]. They lapse on 31 March.

| Year of service | Days |
|---|---|
| first | 25 |
| from the fifth | 28 |

Enter them with:
```
leave carry-over --days 5
```"""
_WIDTH, _LINE = 88, 19


async def _ask(_: Message, __: Sequence[Exchange]) -> Reply:
    passage = Passage(
        id="1", source="policies/annual-leave.md", version="1", title="Annual leave", heading="Carry-over",
        text="Up to five days may be carried over.", line=42, page=None, score=1.0, cosine=1.0, coverage=1.0,
    )  # fmt: skip
    return Reply(ANSWER, Outcome(citations=(Citation(1, passage),)))


async def _nothing(_: Sequence[str] = "") -> str:
    return ""


async def _told() -> AssistantSettings:
    return AssistantSettings(contact="the People team")


async def _sent() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Blocks of the message in Slack; content and buttons of the one on Discord."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        engine = open_database(folder / "bots.db")
        stack.push_async_callback(engine.dispose)
        inbox, feedback, limits = Inbox(engine), Feedback(engine), LimitSettings()
        await inbox.prepare()
        await feedback.prepare()
        desk = Desk(_ask, inbox, limits, _told)
        command = AdministrationCommand(Administration(_nothing, _nothing, _nothing), desk, inbox)
        parts = (limits, Secrets(Home(folder)), desk, inbox, feedback, command)
        slack, discord = await stack.enter_async_context(fake_slack()), await stack.enter_async_context(fake_discord())
        await stack.enter_async_context(desk.open())
        await stack.enter_async_context(SlackBot(SlackSettings(base_url=slack.base_url), *parts).running())
        await stack.enter_async_context(DiscordBot(DiscordSettings(api_url=discord.api_url), *parts).running())
        await slack.say("U1", "C1", f"<@{BOT_USER}> {QUESTION}")
        discord.say(SAM, GENERAL, f"<@{BOT}> {QUESTION}")
        [in_slack], [on_discord] = await slack.answers(), await discord.answers()
        for block in Block.parse_all(in_slack.blocks):
            block.to_dict()  # the SDK's own models check them
        return in_slack.blocks, {"content": on_discord.content, "components": on_discord.components}


def _slack_lines(blocks: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    lines, buttons = [], []
    for block in blocks:
        if block["type"] == "markdown":
            lines += block["text"].splitlines()
        for element in block.get("elements", ()):
            for name in ("positive_button", "negative_button"):
                if name in element:
                    buttons.append(element[name]["text"]["text"])
            if element["type"] == "button":
                buttons.append(element["text"]["text"])
    return lines, buttons


def _picture(place: str, lines: list[str], buttons: list[str]) -> str:
    """The question, the answer's own text line by line, and the labels of its buttons."""
    shown = [part for line in lines for part in (textwrap.wrap(line, _WIDTH) or [""])]
    y, body, code = 78, [], False
    for line in shown:
        if line.startswith("```"):
            code = not code  # clients show what stands between the marks as code
            continue
        style = "code" if code or line.startswith("|") else "text"
        spans = escape(line) if style == "code" else _spans(line)
        body.append(f'<text class="{style}" x="24" y="{y}" xml:space="preserve">{spans}</text>')
        y += _LINE
    x = 24
    for label in buttons:
        width = 9 * len(label) + 24
        body.append(f'<rect x="{x}" y="{y - 6}" width="{width}" height="28" rx="5" class="button"/>')
        body.append(f'<text class="text" x="{x + 12}" y="{y + 13}">{escape(label)}</text>')
        x += width + 10
    head = (
        f'<text class="name" x="24" y="28">Sam in {place}</text><text class="text" x="120" y="28" dx="40">'
        f'@deskhand {escape(QUESTION)}</text><text class="name" x="24" y="56">deskhand</text>'
    )
    style = (
        "text{font:14px sans-serif;fill:#1d1c1d}.name{font-weight:bold}.code{font:13px monospace}"
        ".button{fill:#fff;stroke:#999}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{y + 40}"><style>{style}</style>'
        f'<rect width="100%" height="100%" rx="8" fill="#f8f8f8"/>{head}{"".join(body)}</svg>\n'
    )


def _spans(line: str) -> str:
    """Bold and code within a line."""
    line = re.sub(r"\*\*(.+?)\*\*", r'<tspan font-weight="bold">\1</tspan>', escape(line))
    return re.sub(r"`(.+?)`", r'<tspan font-family="monospace">\1</tspan>', line)


def main() -> None:
    """Ask on both platforms, and draw what was sent."""
    os.environ |= {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN, "DISCORD_TOKEN": TOKEN}  # noqa: TID251
    blocks, message = asyncio.run(_sent())
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / "slack-answer.svg").write_text(_picture("Slack", *_slack_lines(blocks)), encoding="utf-8")
    buttons = [part["label"] for row in message["components"] for part in row["components"]]
    lines = message["content"].splitlines()
    (PICTURES / "discord-answer.svg").write_text(_picture("Discord", lines, buttons), encoding="utf-8")


if __name__ == "__main__":
    main()
