"""Who asks and who reads: roles of the servers' members, and the roles that a channel is shown to.

A group is a role's name. Anybody can make a server with roles of any name and invite a bot that is
public: only servers that are trusted count. Whoever administers a server, or owns it, can read every
channel and give themselves any role: they are not counted as readers.
"""

import logging
import time
from collections.abc import Collection

import discord

from bots.discord.calls import call
from bots.platform import PlatformAway, PlatformError, PlatformRefused

_KEPT_SECONDS = 300.0
_MOST_KEPT = 50_000
_log = logging.getLogger("deskhand.bots.discord")

GuildChannel = discord.abc.GuildChannel | discord.Thread


class People:
    """Looks up members that no event has brought along, and remembers them for some minutes.

    `servers` are the ids of those that are trusted, all of them where it is empty; `direct_groups` says
    whether the roles in them count in a direct message as well.
    """

    def __init__(
        self,
        client: discord.Client,
        servers: Collection[str] = (),
        direct_groups: bool = False,
        seconds: float = _KEPT_SECONDS,
    ) -> None:
        self._client = client
        self._servers = servers
        self._direct_groups = direct_groups
        self._seconds = seconds
        self._known: dict[tuple[int, int], tuple[float, tuple[str, ...] | None]] = {}

    def trusts(self, guild: discord.Guild | discord.Object | None) -> bool:
        """Whether a server is one of the company's own."""
        return guild is not None and (not self._servers or str(guild.id) in self._servers)

    def seen(self, member: discord.Member) -> None:
        """A message or an interaction carries its author's roles."""
        self._keep(member.guild.id, member.id, _roles(member))

    def changed(self, guild: int, person: int) -> None:
        """Somebody's roles have changed, or they have left."""
        self._known.pop((guild, person), None)

    async def groups_of(self, person: int, guild: discord.Guild | None) -> tuple[str, ...]:
        """Roles in a server; in a direct message none, or those of all servers shared with the bot."""
        if guild is not None:
            guilds = [guild] if self.trusts(guild) else []
        else:
            guilds = self._trusted() if self._direct_groups else []
        groups: set[str] = set()
        for one in guilds:
            try:
                groups |= set(await self._roles_in(one, person) or ())
            except PlatformError as error:
                _log.warning("roles of %s are not known, only public documents are used: %s", person, error)
        return tuple(sorted(groups))

    async def is_member(self, person: int) -> bool:
        """Whether somebody who writes a direct message belongs to a trusted server.

        Where Discord cannot tell, they are believed: they have found the bot in some server.
        """
        unknown = False
        for guild in self._trusted():
            try:
                if await self._roles_in(guild, person) is not None:
                    return True
            except PlatformAway:
                unknown = True
            except PlatformError as error:
                _log.warning("members of %s cannot be looked up: %s", guild.name, error)
                unknown = True
        return unknown

    def _trusted(self) -> list[discord.Guild]:
        return [guild for guild in self._client.guilds if self.trusts(guild)]

    async def _roles_in(self, guild: discord.Guild, person: int) -> tuple[str, ...] | None:
        """Roles of a member, None for somebody who is none."""
        known = self._known.get((guild.id, person))
        if known is not None and time.monotonic() - known[0] <= self._seconds:
            return known[1]
        roles = None
        try:
            roles = _roles(await call(guild.fetch_member(person)))
        except PlatformRefused as error:
            if error.code not in (10007, 10013):  # no member, no user
                raise
        self._keep(guild.id, person, roles)
        return roles

    def _keep(self, guild: int, person: int, roles: tuple[str, ...] | None) -> None:
        if len(self._known) >= _MOST_KEPT:
            self._known.clear()
        self._known[guild, person] = (time.monotonic(), roles)


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
