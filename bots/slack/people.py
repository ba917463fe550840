"""Who asks and who reads: user groups and channel members, kept for some minutes and refreshed by events.

A group is a user group's handle; `members` are all full members of the workspace, no guests. Where
Slack cannot tell, the groups are empty: then only public documents are used.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from slack_sdk.web.async_client import AsyncWebClient

from bots.platform import PlatformError
from bots.slack.calls import call

T = TypeVar("T")

MEMBERS = "members"
_KEPT_SECONDS = 300.0
_MOST_MEMBERS = 2000
"""Readers of a larger channel are not looked up one by one: only public documents are used there."""

_log = logging.getLogger("deskhand.bots.slack")


class Kept(Generic[T]):
    """Values by key, each fetched once at a time and kept for a while."""

    def __init__(self, fetch: Callable[[str], Awaitable[T]], seconds: float = _KEPT_SECONDS) -> None:
        self._fetch = fetch
        self._seconds = seconds
        self._values: dict[str, tuple[float, asyncio.Future[T]]] = {}

    async def get(self, key: str) -> T:
        """The value; raises whatever fetching it raises, and tries again the next time."""
        now = time.monotonic()
        known = self._values.get(key)
        if known is None or now - known[0] > self._seconds or (known[1].done() and known[1].cancelled()):
            known = (now, asyncio.ensure_future(self._fetch(key)))
            self._values[key] = known
        if known[1].done() and known[1].exception() is None:
            return known[1].result()
        try:
            return await asyncio.shield(known[1])
        except asyncio.CancelledError:
            raise
        except Exception:
            if self._values.get(key) is known:
                del self._values[key]
            raise

    def forget(self, key: str | None = None) -> None:
        """Fetch one value, or all of them, anew the next time."""
        if key is None:
            self._values.clear()
        else:
            self._values.pop(key, None)


class People:
    """Groups of persons and of the readers of channels in one workspace."""

    def __init__(self, client: AsyncWebClient, bot_user: str, seconds: float = _KEPT_SECONDS) -> None:
        self._client = client
        self._bot_user = bot_user
        self._groups = Kept(self._fetch_groups, seconds)
        self._users = Kept(self._fetch_user, seconds)
        self._readers = Kept(self._fetch_readers, seconds)

    async def groups_of(self, user: str) -> tuple[str, ...]:
        """Groups of one person; empty where Slack cannot tell."""
        try:
            return await self._groups_of(user)
        except PlatformError as error:
            _log.warning("groups of %s are not known, only public documents are used: %s", user, error)
            return ()

    async def groups_of_readers(self, channel: str) -> tuple[str, ...]:
        """Groups that everyone who can read a channel belongs to; empty where Slack cannot tell."""
        try:
            readers = await self._readers.get(channel)
            groups = [set(await self._groups_of(user)) for user in readers.users]
        except PlatformError as error:
            _log.warning("readers of %s are not known, only public documents are used: %s", channel, error)
            return ()
        common = set.intersection(*groups) if groups else set[str]()
        return tuple(sorted(common & {MEMBERS} if readers.more_may_join else common))

    async def name_of(self, user: str) -> str:
        """A person's name, empty where Slack cannot tell."""
        try:
            return str((await self._users.get(user)).get("real_name") or "")
        except PlatformError:
            return ""

    def changed(self, channel: str | None = None) -> None:
        """Somebody joined or left a channel, or a user group changed."""
        if channel is None:
            self._groups.forget()
        else:
            self._readers.forget(channel)

    async def _groups_of(self, user: str) -> tuple[str, ...]:
        groups, profile = await self._groups.get(""), await self._users.get(user)
        guest = profile.get("is_restricted") or profile.get("is_ultra_restricted") or profile.get("is_stranger")
        return tuple(sorted({*groups.get(user, ()), *(() if guest else (MEMBERS,))}))

    async def _fetch_user(self, user: str) -> dict[str, Any]:
        return dict((await call(self._client.users_info(user=user)))["user"])

    async def _fetch_groups(self, _: str) -> dict[str, tuple[str, ...]]:
        response = await call(self._client.usergroups_list(include_users=True))
        groups: dict[str, tuple[str, ...]] = {}
        for group in response["usergroups"]:
            for user in group.get("users", ()):
                groups[user] = (*groups.get(user, ()), group["handle"])
        return groups

    async def _fetch_readers(self, channel: str) -> "_Readers":
        info = (await call(self._client.conversations_info(channel=channel)))["channel"]
        if info.get("is_ext_shared"):
            return _Readers((), more_may_join=True)
        users: list[str] = []
        cursor = ""
        while True:
            response = await call(self._client.conversations_members(channel=channel, limit=1000, cursor=cursor))
            users += [user for user in response["members"] if user != self._bot_user]
            cursor = (response.get("response_metadata") or {}).get("next_cursor") or ""
            if len(users) > _MOST_MEMBERS:
                return _Readers((), more_may_join=True)
            if not cursor:
                return _Readers(tuple(users), more_may_join=not info.get("is_private"))


@dataclass(frozen=True, slots=True)
class _Readers:
    """Who reads a channel now. A public one is open to every full member of the workspace."""

    users: tuple[str, ...]
    more_may_join: bool
