"""Calls of Discord's API, with errors as the desk understands them."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import aiohttp
import discord

from bots.platform import PlatformAway, PlatformRefused

T = TypeVar("T")

_SECONDS = 60.0
_MISSING = {
    50001: "it may not see the channel",
    50013: "it lacks a permission there: invite it again with `deskhand discord invite`",
    10003: "the channel is gone",
    10008: "the message is gone",
    10015: "the interaction has expired",
    50027: "the interaction has expired",
    50007: "the person takes no messages from it",
}
"""Discord's error codes that an administrator can do something about."""


async def call(request: Awaitable[T]) -> T:
    """The result of a request; raises PlatformAway where it may succeed later, else PlatformRefused."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await request
    except discord.RateLimited as limited:
        raise PlatformAway("Discord asks to wait", limited.retry_after) from None
    except discord.HTTPException as error:
        if error.status == 429 or error.status >= 500:
            raise PlatformAway(f"Discord has a fault ({error.status})") from None
        reason = _MISSING.get(error.code) or f"{error.status} {error.text[:100]}"
        raise PlatformRefused(f"Discord: {reason}", error.code) from None
    except (aiohttp.ClientError, TimeoutError, OSError, RuntimeError) as error:  # RuntimeError: it was closed
        raise PlatformAway(f"Discord cannot be reached ({type(error).__name__})") from None
