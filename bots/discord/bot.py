"""Takes part on Discord: one token, connected until the end of the block."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord

from bots.administration import AdministrationCommand
from bots.desk import Desk
from bots.discord.calls import call
from bots.discord.client import DeskhandClient
from bots.inbox import Inbox
from plugins.feedback import Feedback
from settings.errors import BotError
from settings.secrets import Secrets
from settings.sections.bots import DiscordSettings, LimitSettings
from settings.tasks import running

_log = logging.getLogger("deskhand.bots.discord")


class DiscordBot:
    """The connection; it works inside `async with bot.running()`."""

    def __init__(
        self,
        settings: DiscordSettings,
        limits: LimitSettings,
        secrets: Secrets,
        desk: Desk,
        inbox: Inbox,
        feedback: Feedback,
        administration: AdministrationCommand,
    ) -> None:
        self._settings = settings
        token = secrets.get(settings.token_env)
        if token is None:
            raise BotError(f"bots.yaml: {settings.name}: {settings.token_env} is not set")
        self._token = token
        discord.http.Route.BASE = settings.api_url
        options: dict[str, Any] = {"shard_count": settings.shards} if settings.shards else {}
        self.client = DeskhandClient(settings, limits, desk, inbox, feedback, administration, **options)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Log in, and stay connected; raises BotError for a wrong token or a missing intent."""
        try:
            await self.client.login(self._token.get_secret_value())
        except discord.LoginFailure:
            raise BotError(
                f"bots.yaml: {self._settings.name}: Discord rejects the token in {self._settings.token_env}"
            ) from None
        async with running(self.client.connect()) as connection:
            try:
                ready = asyncio.ensure_future(self.client.wait_until_ready())
                await asyncio.wait([connection, ready], return_when=asyncio.FIRST_COMPLETED)
                if connection.done():
                    ready.cancel()
                    self._explain(connection)
                yield
            finally:
                await self.client.close()

    async def notify(self, text: str) -> None:
        """Tell the administrators' channel, where one is named."""
        if self._settings.notices is None:
            return
        number = int(self._settings.notices)
        channel: Any = self.client.get_channel(number) or await call(self.client.fetch_channel(number))
        await call(channel.send(text[:2000], suppress_embeds=True))

    def _explain(self, connection: "asyncio.Task[None]") -> None:
        try:
            connection.result()
        except discord.PrivilegedIntentsRequired:
            raise BotError(
                f"bots.yaml: {self._settings.name}: Discord has not granted the message-content intent: switch it "
                "on in the developer portal (Bot > Privileged Gateway Intents), or set message_content: false"
            ) from None
        except discord.DiscordException as error:
            raise BotError(f"bots.yaml: {self._settings.name}: Discord does not let it in: {error}") from None
