"""What was said in Slack while nothing ran or no socket was open, found in the history.

Slack sends an event that nobody acknowledged again at once, after a minute and after five
(https://docs.slack.dev/apis/events-api/#retries); what a longer outage swallows is only found by looking.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bots.delivery import insist
from bots.inbox import Inbox
from bots.platform import PlatformRefused
from bots.slack.calls import call

_log = logging.getLogger("deskhand.bots.slack")
_LONGEST_SECONDS = 900.0
_CONVERSED_SECONDS = 86_400.0
"""Threads in which nothing was asked for so long are not looked at."""
_PAGE = 200


class Missed:
    """Looks back over the conversations of one workspace, slowly, the liveliest first."""

    def __init__(self, name: str, client: AsyncWebClient, inbox: Inbox, pause: float) -> None:
        self._name = name
        self._client = client
        self._inbox = inbox
        self._pause = pause

    async def events(self, since: float) -> AsyncIterator[dict[str, Any]]:
        """What was said since then, as `message` events; what is known already is among it.

        What could not be looked at in time, or not at all, is told in the log. A mention in a thread whose
        first message is older, and in which the assistant was not asked of late, is not found.
        """
        asked = await self._inbox.threads(self._name, since - _CONVERSED_SECONDS)
        lively = {channel: number for number, (channel, _) in enumerate(asked)}
        channels = sorted(await self._channels(), key=lambda channel: lively.get(channel["id"], len(lively)))
        kinds = {channel["id"]: _kind(channel) for channel in channels}
        threads = [(channel, thread) for channel, thread in asked if channel in kinds and thread]
        ends = asyncio.get_running_loop().time() + _LONGEST_SECONDS
        looked = 0
        for channel in channels:
            said = await self._said("conversations.history", channel["id"], since)
            threads += [(channel["id"], ts) for ts in _moved_on(said, since) if (channel["id"], ts) not in threads]
            for message in said:
                yield message | kinds[channel["id"]]
            looked += 1
            if asyncio.get_running_loop().time() > ends:
                break
        for channel_id, thread in threads:
            if asyncio.get_running_loop().time() > ends:
                break
            for message in await self._said("conversations.replies", channel_id, since, ts=thread):
                yield message | kinds[channel_id]
            looked += 1
        if left := len(channels) + len(threads) - looked:
            _log.warning("%s: %d conversations and threads could not be looked back over in time", self._name, left)

    async def _channels(self) -> list[dict[str, Any]]:
        """Where the assistant is a member."""
        found = await self._pages(
            "users.conversations", "channels", types="public_channel,private_channel,im", exclude_archived=True
        )
        return [channel for channel in found if not channel.get("is_user_deleted")]

    async def _said(self, method: str, channel: str, since: float, **where: str) -> list[dict[str, Any]]:
        """Messages since then, oldest first; none where Slack does not show them."""
        try:
            said = await self._pages(method, "messages", channel=channel, oldest=f"{since:.6f}", **where)
        except PlatformRefused as error:
            _log.warning("%s: %s could not be looked back over: %s", self._name, channel, error)
            return []
        return sorted(said, key=lambda message: float(message["ts"]))

    async def _pages(self, method: str, key: str, **arguments: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            given = arguments | {"limit": _PAGE} | ({"cursor": cursor} if cursor else {})

            async def request(given: dict[str, Any] = given) -> AsyncSlackResponse:
                return await call(self._client.api_call(method, http_verb="GET", params=given))

            response = await insist(self._name, request)
            await asyncio.sleep(self._pause)
            found += response[key]
            cursor = (response.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return found


def _kind(channel: dict[str, Any]) -> dict[str, Any]:
    """What an event says of its channel, and a history does not."""
    kind = "im" if channel.get("is_im") else "group" if channel.get("is_private") else "channel"
    return {"type": "message", "channel": channel["id"], "channel_type": kind}


def _moved_on(said: list[dict[str, Any]], since: float) -> list[str]:
    """First messages of threads that have answers since then."""
    return [str(message["ts"]) for message in said if float(message.get("latest_reply") or 0) >= since]
