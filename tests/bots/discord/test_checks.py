"""What the doctor says of a Discord bot."""

import pytest

from bots.discord.checks import problems
from bots.discord.invitation import PERMISSIONS
from deskhand.testing.discord import FakeDiscord
from deskhand.testing.discord.server import TOKEN
from settings import Home
from settings.secrets import Secrets
from settings.sections.bots import DiscordSettings


async def _checked(discord: FakeDiscord, home: Home, **settings: object) -> list[str]:
    return await problems(DiscordSettings(api_url=discord.api_url, **settings), Secrets(home))


async def test_a_bot_that_is_well_set_up_has_no_problem(
    discord: FakeDiscord, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    assert await _checked(discord, home) == []
    discord.rest.permissions = PERMISSIONS.value
    assert await _checked(discord, home) == []


async def test_each_thing_that_is_missing_is_a_line(
    discord: FakeDiscord, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await _checked(discord, home) == ["DISCORD_TOKEN is not set"]
    monkeypatch.setenv("DISCORD_TOKEN", "wrong")
    [line] = await _checked(discord, home)
    assert line.startswith("Discord rejects the token in DISCORD_TOKEN")
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    discord.rest.flags, discord.rest.public_bot, discord.rest.permissions = 0, True, 1 << 10
    intent, public, permissions = await _checked(discord, home)
    assert "message-content intent is off" in intent
    assert "anybody may invite this bot" in public
    assert "in Larkfield it may not" in permissions
    assert "send_messages" in permissions
    assert "view_channel" not in permissions
    assert await _checked(discord, home, message_content=False, servers=["7"]) == [permissions]
    [_, elsewhere, _] = await _checked(discord, home, servers=["8", "7"])
    assert elsewhere.startswith("it is not in the server 8: open https://discord.com/oauth2/authorize?client_id=99")
