"""Who asks and who reads: roles of the server's members, and the roles that a channel is shown to.

A group is a role's name. Whoever administers a server, or owns it, can read every channel and give
themselves any role: they are not counted as readers.
"""

import logging
import time

import discord

from bots.discord.calls import call
from bots.platform import PlatformError

_KEPT_SECONDS = 300.0
_log = logging.getLogger("deskhand.bots.discord")

GuildChannel = discord.abc.GuildChannel | discord.Thread


class People:
    """Looks up members that no event has brought along, and remembers them for some minutes."""

    def __init__(self, client: discord.Client, direct_groups: bool, seconds: float = _KEPT_SECONDS) -> None:
        self._client = client
        self._direct_groups = direct_groups
        self._seconds = seconds
        self._known: dict[tuple[int, int], tuple[float, tuple[str, ...]]] = {}

    def seen(self, member: discord.Member) -> None:
        """A message or an interaction carries its author's roles."""
        self._known[member.guild.id, member.id] = (time.monotonic(), _roles(member))
        if len(self._known) > 50_000:
            self._known.clear()

    def changed(self, guild: int, person: int) -> None:
        """Somebody's roles have changed."""
        self._known.pop((guild, person), None)

    async def groups_of(self, person: int, guild: discord.Guild | None) -> tuple[str, ...]:
        """Roles in a server; in a direct message none, or those of all servers shared with the bot."""
        guilds = [guild] if guild is not None else list(self._client.guilds) if self._direct_groups else []
        groups: set[str] = set()
        for one in guilds:
            try:
                groups |= set(await self._roles_in(one, person))
            except PlatformError as error:
                if guild is not None:
                    _log.warning("roles of %s are not known, only public documents are used: %s", person, error)
        return tuple(sorted(groups))

    async def _roles_in(self, guild: discord.Guild, person: int) -> tuple[str, ...]:
        known = self._known.get((guild.id, person))
        if known is None or time.monotonic() - known[0] > self._seconds:
            self.seen(await call(guild.fetch_member(person)))
            known = self._known[guild.id, person]
        return known[1]


def groups_of_readers(channel: GuildChannel | None) -> tuple[str, ...]:
    """The role that everyone who can read a channel has; empty where it is open, or shown to several roles."""
    while isinstance(channel, discord.Thread):
        channel = channel.parent
    if channel is None:
        return ()
    guild = channel.guild
    if channel.permissions_for(guild.default_role).view_channel:
        return ()
    me = guild.me.id if guild.me else 0
    for target, overwrite in channel.overwrites.items():
        if not isinstance(target, discord.Role) and overwrite.view_channel and target.id != me:
            return ()  # somebody is let in by name, whatever their roles
    shown = [
        role
        for role in guild.roles
        if not role.is_default()
        and not role.permissions.administrator
        and not role.is_bot_managed()
        and channel.permissions_for(role).view_channel
    ]
    return (shown[0].name,) if len(shown) == 1 else ()


def _roles(member: discord.Member) -> tuple[str, ...]:
    return tuple(role.name for role in member.roles if not role.is_default())
