"""Takes part on Discord: one token, connected until the end of the block."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import aiohttp
import discord
import yarl

from bots.administration import AdministrationCommand
from bots.desk import Desk
from bots.discord.calls import call
from bots.discord.client import DeskhandClient, ShardedClient
from bots.discord.platform import DiscordPlatform
from bots.inbox import Inbox
from plugins import Place
from plugins.feedback import Feedback
from settings.errors import BotError
from settings.secrets import Secrets
from settings.sections.bots import DISCORD_API, DiscordSettings, LimitSettings
from settings.tasks import running

_log = logging.getLogger("deskhand.bots.discord")
_LONGEST_PAUSE = 60.0
_START_SECONDS = 20.0
_CLOSED = {
    4004: "Discord rejects the token: reset it in the developer portal (Bot) and set {token} anew",
    4010: "Discord knows no such shard: check shards",
    4011: "the bot is in too many servers for one connection: set shards",
    4013: "Discord knows an intent by another number: update discord.py",
    4014: (
        "Discord has not granted the message-content intent: switch it on in the developer portal "
        "(Bot > Privileged Gateway Intents), or set message_content: false"
    ),
}
"""What Discord's close codes mean for whoever has to mend it."""


class DiscordBot:
    """The connection; it works inside `async with bot.running()`. `options` go to discord.py's client."""

    kind: ClassVar[str] = "discord"

    def __init__(
        self,
        settings: DiscordSettings,
        limits: LimitSettings,
        secrets: Secrets,
        desk: Desk,
        inbox: Inbox,
        feedback: Feedback,
        administration: AdministrationCommand,
        **options: Any,
    ) -> None:
        self._settings = settings
        token = secrets.get(settings.token_env)
        if token is None:
            raise BotError(f"bots.yaml: {settings.name}: {settings.token_env} is not set")
        self._token = token
        self._desk = desk
        self._parts = (limits, desk, inbox, feedback, administration)
        self._options = options
        self.client: DeskhandClient
        self._connection: asyncio.Task[None]

    @property
    def platform(self) -> DiscordPlatform:
        """All servers, while the bot is running."""
        return self.client.platform

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Log in, and stay connected; raises BotError for what only a person can mend.

        While Discord is away it waits. At the end, answers are finished before it disconnects.
        """
        discord.http.Route.BASE = self._settings.api_url.rstrip("/")
        await self._log_in()
        try:
            async with running(self.client.connect()) as connection:
                self._connection = connection
                try:
                    await self._wait_until_ready()
                    try:
                        yield
                    finally:
                        await self._desk.finish()
                finally:
                    await self.client.close()
        finally:
            await self.client.close()

    async def until_lost(self) -> None:
        """Return never, or raise BotError when Discord has ended the connection for good."""
        await asyncio.wait([self._connection])
        self._explain()

    async def notify(self, text: str) -> None:
        """Tell the administrators' channel, where one is named."""
        if self._settings.notices is None:
            return
        number = int(self._settings.notices)
        channel: Any = self.client.get_channel(number) or await call(self.client.fetch_channel(number))
        await call(channel.send(text[:2000], suppress_embeds=True))

    async def post(self, place: Place, text: str) -> None:
        """Post what a plugin has to say, in a channel or a thread of it."""
        number = int(place.thread or place.channel)
        channel: Any = self.client.get_channel(number) or await call(self.client.fetch_channel(number))
        await call(channel.send(text[:2000], suppress_embeds=True))

    async def _log_in(self) -> None:
        """Prove the token; waits for as long as Discord is away."""
        pause = 1.0
        while True:
            self.client = _client(self._settings, *self._parts, **self._options)
            try:
                await self.client.login(self._token.get_secret_value())
                await self._check_application()
                if self._settings.api_url != DISCORD_API:  # discord.py does not ask for the gateway's address
                    found = await self.client.http.request(discord.http.Route("GET", "/gateway"))
                    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(found["url"])
                return
            except discord.LoginFailure:
                await self.client.close()
                raise self._error(_CLOSED[4004]) from None
            except discord.HTTPException as error:
                await self.client.close()
                if error.status != 429 and error.status < 500:
                    raise self._error(f"Discord does not let it in: {error.status} {error.text[:100]}") from None
                reason = f"Discord has a fault ({error.status})"
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                await self.client.close()
                reason = f"Discord cannot be reached ({type(error).__name__})"
            except BaseException:
                await self.client.close()
                raise
            _log.warning("%s: %s; trying again in %.0f s", self._settings.name, reason, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _check_application(self) -> None:
        """A bot that anybody may invite would show the documents to anybody."""
        application = self.client.application
        if application is not None and application.bot_public and not self._settings.servers:
            raise self._error(
                "anybody may invite this bot and read the documents: switch off Public Bot in the developer portal "
                "(Bot), or list the company's servers under servers"
            )

    async def _wait_until_ready(self) -> None:
        """A wrong intent shows now; a Discord that is slow to answer does not hold up the other bots."""
        ready = asyncio.ensure_future(self.client.wait_until_ready())
        try:
            await asyncio.wait([self._connection, ready], timeout=_START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
            await asyncio.gather(ready, return_exceptions=True)
        if self._connection.done():
            self._explain()

    def _explain(self) -> None:
        """Raise what ended the connection as a line that says what to do."""
        try:
            self._connection.result()
        except discord.PrivilegedIntentsRequired:
            raise self._error(_CLOSED[4014]) from None
        except discord.ConnectionClosed as closed:
            reason = _CLOSED.get(closed.code, f"Discord has closed the connection (code {closed.code})")
            raise self._error(reason) from None
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            raise self._error(f"the connection is lost: {error}") from None
        raise self._error("the connection has ended")

    def _error(self, reason: str) -> BotError:
        return BotError(f"bots.yaml: {self._settings.name}: {reason.format(token=self._settings.token_env)}")


def _client(settings: DiscordSettings, *parts: Any, **options: Any) -> DeskhandClient:
    for name in ("discord.client", "discord.gateway", "discord.shard"):
        logger = logging.getLogger(name)
        if _without_traceback not in logger.filters:
            logger.addFilter(_without_traceback)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nobody speaks here
    if settings.shards:
        return ShardedClient(settings, *parts, shard_count=settings.shards, **options)
    return DeskhandClient(settings, *parts, **options)


def _without_traceback(record: logging.LogRecord) -> bool:
    """discord.py shows each lost connection with its traceback: a line is enough, it connects again by itself."""
    if record.exc_info and "reconnect" in str(record.msg):
        error = record.exc_info[1]
        record.msg, record.args = f"{record.getMessage()} ({type(error).__name__}: {error})", ()
        record.exc_info, record.exc_text = None, None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True
