"""Discord on loopback: a gateway and a REST API, so that the real discord.py talks to it over sockets.

async with fake_discord() as discord:
    ...                                        # start a bot with api_url=discord.api_url
    await discord.connected()
    asked = discord.say(SAM, GENERAL, f"<@{BOT}> how many days?")
    [answer] = await discord.answers()
"""

from deskhand.testing.discord.server import FakeDiscord, Fault, fake_discord
from deskhand.testing.discord.state import Message

__all__ = ["FakeDiscord", "Fault", "Message", "fake_discord"]
