"""Calls of Slack's Web API, with errors as the desk understands them."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bots.platform import PlatformAway, PlatformRefused

T = TypeVar("T")

_PASSING = {
    "fatal_error", "internal_error", "ratelimited", "rate_limited", "request_timeout", "service_unavailable",
    "team_added_to_org",
}  # fmt: skip
_SECONDS = 30.0


async def call(request: Awaitable[T]) -> T:
    """The result of a request; raises PlatformAway where it may succeed later, else PlatformRefused."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await request
    except SlackApiError as error:
        raise _meaning(error) from None
    except (aiohttp.ClientError, SlackClientError, TimeoutError, OSError) as error:
        raise PlatformAway(f"Slack cannot be reached ({type(error).__name__})") from None


def error_of(error: SlackApiError) -> str:
    """Slack's name for what went wrong, such as `channel_not_found`."""
    data = error.response.data if hasattr(error.response, "data") else error.response
    return str(data.get("error", "")) if isinstance(data, dict) else ""


def _meaning(error: SlackApiError) -> PlatformAway | PlatformRefused:
    status, name = getattr(error.response, "status_code", 200), error_of(error)
    if status == 429:
        return PlatformAway("Slack asks to wait", float(error.response.headers.get("Retry-After", 1)))
    if status >= 500 or name in _PASSING:
        return PlatformAway(f"Slack has a fault ({name or status})")
    if name == "missing_scope":
        return PlatformRefused(
            f"Slack: the app lacks the scope {error.response.data.get('needed')}: add it and reinstall"
        )
    return PlatformRefused(f"Slack: {name or status}")
