"""What the bot hears on Discord. Everything that asks is recorded before anything else is done with it."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import discord
from discord import app_commands

from bots.administration import AdministrationCommand, Caller
from bots.conversation import looks_like_question, says_nothing
from bots.delivery import insist
from bots.desk import Desk
from bots.discord.buttons import FeedbackButton, HandOverButton, Interaction, ReasonForm, ShareButton, given_reason
from bots.discord.calls import call
from bots.discord.formatting import readable
from bots.discord.people import People
from bots.discord.platform import DiscordPlatform
from bots.inbox import Entry, Inbox
from bots.platform import Kind, PlatformError, Question
from plugins import Message, Person, Place
from plugins.feedback import Feedback
from settings.sections.bots import DiscordSettings, LimitSettings

_log = logging.getLogger("deskhand.bots.discord")
_EDITED_SECONDS = 60
_OVERLAP = timedelta(minutes=1)
"""Messages are recorded side by side: of those before the last recorded one, some may not have been."""
_CONVERSED = timedelta(days=7)
_CLEARED_SECONDS = 30.0
_PAGE = 100


class DeskhandClient(discord.Client):
    """A discord.py client that hands questions to the desk."""

    def __init__(
        self,
        settings: DiscordSettings,
        limits: LimitSettings,
        desk: Desk,
        inbox: Inbox,
        feedback: Feedback,
        administration: AdministrationCommand,
        **options: Any,
    ) -> None:
        intents = discord.Intents.default()
        intents.message_content = settings.message_content
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            max_ratelimit_timeout=60.0,
            **options,
        )
        _clear_seldom(self.http)
        self.settings = settings
        self.desk = desk
        self._limits = limits
        self._inbox = inbox
        self._feedback = feedback
        self._administration = administration
        self._people = People(self, settings.servers, settings.direct_messages == "mutual")
        self._events: set[asyncio.Task[None]] = set()
        self._heard = 0
        self._missed_since: datetime | None = None
        self.platform = DiscordPlatform(settings.name, self, self._people, inbox, settings.hand_over is not None)
        self.tree = app_commands.CommandTree(self)
        self.tree.add_command(app_commands.Command(
            name="ask", description="Ask the documents, for you alone", callback=self._ask
        ))  # fmt: skip
        self.tree.add_command(app_commands.ContextMenu(name="Answer this", callback=self._answer_this))
        self.tree.add_command(_administration_group(self._administer))
        self.tree.error(self._on_command_error)
        self.add_dynamic_items(FeedbackButton, HandOverButton, ShareButton)

    def _schedule_event(self, *args: Any, **kwargs: Any) -> asyncio.Task[None]:
        """discord.py starts a task for every event and forgets it; this client owns them."""
        task = super()._schedule_event(*args, **kwargs)
        self._events.add(task)
        task.add_done_callback(self._events.discard)
        return task

    async def close(self) -> None:
        """Disconnect. What an event has begun ends here: the next start looks back over it."""
        await super().close()
        events = [*self._events]
        for task in events:
            task.cancel()
        await asyncio.gather(*events, return_exceptions=True)

    async def setup_hook(self) -> None:
        """Before the connection: tell Discord the commands, and look back as far as questions are answered.

        The last question that was heard is no mark: one that is heard while an earlier process looked back
        would hide what it had not come to when it was killed.
        """
        self._missed_since = datetime.now(UTC) - timedelta(minutes=self._limits.oldest_minutes)
        try:
            await call(self.tree.sync())
        except PlatformError as error:
            _log.warning("%s: the commands stay as they were: %s", self.settings.name, error)

    async def on_disconnect(self) -> None:
        """From the last message on, something may be missed; when the connection is resumed, nothing was."""
        if self._missed_since is None and self._heard:
            self._missed_since = discord.utils.snowflake_time(self._heard) - _OVERLAP

    async def on_resumed(self) -> None:
        """Discord has sent all that was missed."""
        self._missed_since = None

    async def on_ready(self) -> None:
        """Connected anew, with everything in between unheard: take up what was left, then look back.

        What is recorded already need not wait until every channel has been looked at.
        """
        since, self._missed_since = self._missed_since, None
        taken, late = await self.desk.recover(self.platform)
        if taken or late:
            _log.info("%s: %d questions taken up, %d too old", self.settings.name, taken, late)
        if since is not None:
            await self._look_back(since)

    # messages

    async def on_message(self, message: discord.Message) -> None:
        """Record what asks."""
        self._heard = max(self._heard, message.id)
        await self._hear(message)

    async def _hear(self, message: discord.Message) -> None:
        if (kind := await self._kind(message)) is None:
            return
        if isinstance(message.author, discord.Member):
            self._people.seen(message.author)
        await self.desk.receive(self.platform, self._question(message, kind))

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """An edit within a minute is meant; later ones mend what others have read already."""
        message = payload.message
        if message.author == self.user or message.edited_at is None:
            return
        if (message.edited_at - message.created_at).total_seconds() > _EDITED_SECONDS:
            return
        entry = await self._inbox.find_message(self.settings.name, str(message.id))
        if entry is None:
            await self._hear(message)
        elif text := readable(message):
            self.desk.spawn(self.desk.change(self.platform, entry, text))

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """A question that is gone takes its answer along."""
        entry = await self._inbox.find_message(self.settings.name, str(payload.message_id))
        if entry is not None:
            self.desk.spawn(self.desk.withdraw(self.platform, entry))

    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        """Somebody has left a server."""
        self._people.changed(payload.guild_id, payload.user.id)

    async def on_member_update(self, _: discord.Member, after: discord.Member) -> None:
        """Roles have changed."""
        self._people.changed(after.guild.id, after.id)

    async def _kind(self, message: discord.Message) -> Kind | None:
        """How a message asks the assistant, None where it does not."""
        author = message.author
        if author == self.user or message.type not in (discord.MessageType.default, discord.MessageType.reply):
            return None
        if (author.bot or message.webhook_id) and not {str(author.id), str(message.webhook_id)} & set(
            self.settings.allowed_bots
        ):
            return None
        if message.guild is None:
            return "direct" if await self._people.is_member(author.id) else None
        if not self._people.trusts(message.guild):
            return None
        if self.user in message.mentions:
            return "mention"
        if message.mentions or says_nothing(readable(message)):
            return None  # people talking to each other, or nothing that can be read
        place = _place(message.channel, message.id)
        if isinstance(message.channel, discord.Thread):
            askers = await self._inbox.askers(self.settings.name, place)
            return None if not askers else "follow_up" if str(author.id) in askers else "channel"
        chosen = place.channel in self.settings.channels
        return "channel" if chosen and looks_like_question(readable(message)) else None

    def _question(self, message: discord.Message, kind: Kind) -> Question:
        person = Person(str(message.author.id), message.author.display_name)
        place = _place(message.channel, message.id)
        return Question(Message(str(message.id), readable(message), person, place, message.created_at), kind)

    async def _look_back(self, since: datetime) -> None:
        """Hear what was said since then; what is known already stays known."""
        for channel in [*self._moved_on(since), *await self._conversations(since)]:
            try:
                async for message in _said(self.settings.name, channel, since):
                    await self._hear(message)
            except PlatformError as error:
                _log.warning("%s: %s could not be looked back over: %s", self.settings.name, channel, error)

    def _moved_on(self, since: datetime) -> Iterator[Any]:
        """Channels in which something was said since then."""
        for guild in filter(self._people.trusts, self.guilds):
            channels: list[Any] = [*guild.text_channels, *guild.voice_channels, *guild.threads]
            for channel in channels:
                last = channel.last_message_id
                if last is None or discord.utils.snowflake_time(last) < since:
                    continue
                if channel.permissions_for(guild.me).read_message_history:
                    yield channel

    async def _conversations(self, since: datetime) -> list[Any]:
        """Direct conversations are not named when the bot connects: those of late are looked at."""
        known = await self._inbox.direct_channels(self.settings.name, (since - _CONVERSED).timestamp())
        return [self.get_partial_messageable(int(number), type=discord.ChannelType.private) for number in known]

    # commands and buttons

    async def _ask(self, interaction: discord.Interaction, question: app_commands.Range[str, 1, 4000]) -> None:
        if not await self._welcome(interaction):
            return
        place = _place(interaction.channel, 0)
        private = Place("discord", place.workspace, place.channel, "", direct=True)
        message = Message(str(interaction.id), question, self._asker(interaction), private, interaction.created_at)
        await self.desk.receive(
            self.platform,
            Question(message, "command", private=True, reply_to=interaction.token),
            lambda: interaction.response.defer(ephemeral=True, thinking=True),  # the answer edits this
        )

    async def _answer_this(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Somebody wants an answer to somebody's message: it is given in its thread, for all who read there."""
        if not await self._welcome(interaction):
            return
        asked = self._question(message, "mention").message
        asked = Message(asked.id, asked.text, self._asker(interaction), asked.place, asked.sent_at)
        known = not await self.desk.receive(self.platform, Question(asked, "mention"))
        await _whisper(interaction, "That has been asked already." if known else "I am looking it up …")

    async def _welcome(self, interaction: discord.Interaction) -> bool:
        """Whether somebody may ask: in a server of the company, or as a member of one."""
        if interaction.guild_id is not None:
            welcome = self._people.trusts(discord.Object(interaction.guild_id))
        else:
            welcome = await self._people.is_member(interaction.user.id)
        if not welcome:
            await _whisper(interaction, "I answer in the servers of the company that I work for, and their members.")
        return welcome

    async def _on_command_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        cause = getattr(error, "original", error)
        _log.error("%s: a command failed: %s: %s", self.settings.name, type(cause).__name__, cause)
        if not interaction.response.is_done():
            await _whisper(interaction, "That did not work; please try again in a moment.")

    def _asker(self, interaction: discord.Interaction) -> Person:
        if isinstance(interaction.user, discord.Member):
            self._people.seen(interaction.user)
        return Person(str(interaction.user.id), interaction.user.display_name)

    async def on_feedback(self, interaction: Interaction, answer: int, verdict: str) -> None:
        """A thumb below an answer."""
        await self._feedback.give(answer, str(interaction.user.id), "up" if verdict == "up" else "down")
        if verdict == "up":
            await _whisper(interaction, "Thank you.")
        else:
            await interaction.response.send_modal(ReasonForm(answer))

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """The form of a bad verdict was sent; all other interactions find their own way."""
        given = given_reason(interaction)
        if given is not None:
            answer, reason = given
            if reason:
                await self._feedback.explain(answer, str(interaction.user.id), reason)
            await _whisper(interaction, "Thank you, this is passed on.")

    async def on_share(self, interaction: Interaction, answer: int) -> None:
        """Answer a private question once more, from what everybody in the channel may read."""
        entry = await self._inbox.get(answer)
        if entry is None or entry.question.message.person.id != str(interaction.user.id):
            await _whisper(interaction, "Only who asked can show the answer.")
            return
        place = _place(interaction.channel, 0)
        asked = entry.question.message
        message = Message(f"share-{answer}", asked.text, asked.person, place)
        known = not await self.desk.receive(self.platform, Question(message, "mention"))
        await _whisper(interaction, "It has been shown already." if known else "It is on its way.")

    async def on_hand_over(self, interaction: Interaction, answer: int) -> None:
        """The asker wants a person: tell those who take over, and keep out of the thread from now on."""
        entry = await self._inbox.get(answer)
        if entry is None or entry.question.message.person.id != str(interaction.user.id):
            await _whisper(interaction, "Only who asked can pass it on.")
            return
        if self.settings.hand_over is None or not await self._inbox.hand_over(entry.question):
            await _whisper(interaction, "It has been passed on already.")
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        asked, number = entry.question.message, int(self.settings.hand_over)
        shared = interaction.message is not None and not entry.question.private and not asked.place.direct
        link = f": {interaction.message.jump_url}" if shared and interaction.message is not None else ""
        target: Any = self.get_channel(number)
        if target is None:
            try:
                target = await call(self.fetch_user(number))
            except PlatformError:
                target = await call(self.fetch_channel(number))
        quoted = "\n".join(f"> {line}" for line in asked.text[:1500].splitlines())
        said = f"<@{asked.person.id}> asked what the documents do not say{link}\n{quoted}"
        await call(target.send(said, suppress_embeds=True))
        people = f"<@{number}>" if isinstance(target, discord.User) else f"<#{number}>"
        await interaction.edit_original_response(
            content=f"I have passed this on to {people}, and keep out of this. Mention me if you want me back."
        )

    async def _administer(self, interaction: discord.Interaction, text: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        roles = {role.name for role in getattr(interaction.user, "roles", ())}
        trusted = interaction.guild_id is None or self._people.trusts(discord.Object(interaction.guild_id))
        allowed = trusted and {str(interaction.user.id), *roles} & set(self.settings.administrators)
        name = interaction.user.display_name
        person = Person(str(interaction.user.id), name, tuple(sorted(roles)) if trusted else ())
        caller = Caller(person, _place(interaction.channel, 0), bool(allowed))
        said = await self._administration.run(text, name, self._find_answer, caller)
        await interaction.edit_original_response(content=said[:2000])

    async def _find_answer(self, link: str) -> Entry | None:
        parts = link.rstrip("/").split("/")[-2:]
        if len(parts) < 2 or not all(part.isdigit() for part in parts):
            return None
        channel = self.get_channel(int(parts[0]))
        place = _place(channel, int(parts[1])) if channel is not None else None
        return await self._inbox.answered_by(self.settings.name, place.channel if place else parts[0], parts[1])


def _clear_seldom(http: discord.http.HTTPClient) -> None:
    """discord.py goes over all rate limits that it knows whenever it meets a new one, as every new thread is.

    At fifty questions a second that took a third of the process's time.
    """
    clear, cleared = http._try_clear_expired_ratelimits, 0.0

    def now_and_then() -> None:
        nonlocal cleared
        if time.monotonic() - cleared > _CLEARED_SECONDS:
            cleared = time.monotonic()
            clear()

    http._try_clear_expired_ratelimits = now_and_then  # type: ignore[method-assign]


async def _whisper(interaction: discord.Interaction, text: str) -> None:
    await interaction.response.send_message(text, ephemeral=True)


async def _said(name: str, channel: Any, since: datetime) -> AsyncIterator[discord.Message]:
    """Messages since then, however many, oldest first; waits where Discord is away."""
    after: datetime | discord.Message = since
    while True:
        page = await insist(name, partial(_page, channel, after))
        for message in page:
            yield message
        if len(page) < _PAGE:
            return
        after = page[-1]


async def _page(channel: Any, after: datetime | discord.Message) -> list[discord.Message]:
    async def listed() -> list[discord.Message]:
        return [message async for message in channel.history(after=after, limit=_PAGE, oldest_first=True)]

    return await call(listed())


def _place(channel: Any, message: int) -> Place:
    """A thread belongs to its channel; a message in a channel begins a thread, which gets the message's own id."""
    if isinstance(channel, discord.Thread):
        return Place("discord", str(channel.guild.id), str(channel.parent_id), str(channel.id))
    guild = getattr(channel, "guild", None)
    if guild is None:
        return Place("discord", "", str(channel.id), "", direct=True)
    return Place("discord", str(guild.id), str(channel.id), str(message) if message else "")


Administer = Callable[[discord.Interaction, str], Awaitable[None]]


def _administration_group(administer: Administer) -> app_commands.Group:
    """`/deskhand help | status | reindex | why | pause | resume | do`."""
    group = app_commands.Group(name="deskhand", description="Commands of the assistant")
    for name, about in (
        ("help", "List the commands"),
        ("status", "What is known, and what is being asked"),
        ("reindex", "Bring the index up to date now"),
        ("pause", "Stop answering"),
        ("resume", "Answer again"),
    ):
        group.add_command(app_commands.Command(name=name, description=about, callback=_fixed(administer, name)))

    async def why(interaction: discord.Interaction, link: str) -> None:
        await administer(interaction, f"why {link}")

    async def do(interaction: discord.Interaction, command: str) -> None:
        await administer(interaction, command)

    group.add_command(app_commands.Command(name="do", description="A command of a plugin", callback=do))
    group.add_command(app_commands.Command(name="why", description="How an answer came about", callback=why))
    return group


def _fixed(administer: Administer, text: str) -> Any:
    async def run(interaction: discord.Interaction) -> None:
        await administer(interaction, text)

    return run


class ShardedClient(DeskhandClient, discord.AutoShardedClient):
    """The same with several connections, for very many servers."""
