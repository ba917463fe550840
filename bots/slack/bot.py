"""Takes part in one Slack workspace: listens, records, and shows what administrators ask for.

Listeners only record what they hear and return: with `process_before_response` Bolt acknowledges an
event after its listener, so that what is acknowledged is recorded, and what fails is sent again.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, ClassVar

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bots.administration import AdministrationCommand, Caller, post_of_slack_link
from bots.conversation import looks_like_question, says_nothing
from bots.desk import Desk
from bots.inbox import Entry, Inbox
from bots.platform import Kind, PlatformAway, PlatformError, Question
from bots.slack import home
from bots.slack.calls import call
from bots.slack.events import (
    is_written_by_somebody,
    mentions,
    moment,
    question_of,
    readable,
)
from bots.slack.missed import Missed
from bots.slack.people import People
from bots.slack.platform import SlackPlatform
from bots.slack.posts import FEEDBACK, HAND_OVER, SHARE, handed_over
from plugins import Message, Person, Place
from plugins.feedback import Feedback
from settings.errors import BotError
from settings.secrets import Secrets
from settings.sections.bots import LimitSettings, SlackSettings
from settings.tasks import running

_log = logging.getLogger("deskhand.bots.slack")
_EDITED_SECONDS = 60
_LONGEST_PAUSE = 60.0
_CALL_SECONDS = 30.0


class SlackBot:
    """One workspace's bot; it works inside `async with bot.running()`.

    `look_back_pause` is the time between two calls for what was missed (tier 3: some 50 a minute for each method),
    `watch_seconds` how often the socket is looked at.
    """

    kind: ClassVar[str] = "slack"

    def __init__(
        self,
        settings: SlackSettings,
        limits: LimitSettings,
        secrets: Secrets,
        desk: Desk,
        inbox: Inbox,
        feedback: Feedback,
        administration: AdministrationCommand,
        *,
        look_back_pause: float = 1.25,
        watch_seconds: float = 10.0,
    ) -> None:
        self._settings = settings
        self._limits = limits
        self._pause = look_back_pause
        self._watch_seconds = watch_seconds
        self._desk = desk
        self._inbox = inbox
        self._feedback = feedback
        self._administration = administration
        self._secrets = secrets
        self._client = AsyncWebClient(
            token=self._secret(settings.bot_token_env, "xoxb-"),
            base_url=settings.base_url.rstrip("/") + "/",
            retry_handlers=[],  # a post must not be repeated blindly: the delivery knows how
        )
        self._team = self._bot_user = self._bot_id = ""
        self._people: People
        self._platform: SlackPlatform

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connect, take up what was left, and listen until the end of the block."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_CALL_SECONDS)) as session:
            self._client.session = session  # else the client would open a connection for every call
            async with self._listening():
                yield

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        identity = await self._identify()
        self._team, self._bot_user = identity["team_id"], identity["user_id"]
        self._bot_id = identity.get("bot_id", "")
        self._people = People(self._client, self._bot_user)
        self._platform = SlackPlatform(
            self._settings.name,
            self._client,
            self._people,
            self._inbox,
            self._team,
            self._bot_user,
            self._settings.hand_over is not None,
        )
        app = self._app()
        taken, late = await self._desk.recover(self._platform)
        if taken or late:
            _log.info("%s: %d questions taken up, %d too old", self._settings.name, taken, late)
        try:
            async with AsyncExitStack() as stack:
                if self._settings.mode == "socket":
                    handler = await self._open_socket(app, stack)
                    await stack.enter_async_context(running(self._watch(handler)))
                else:
                    await self._open_port(app, stack)
                self._desk.spawn(self._look_back(time.time() - 60 * self._limits.oldest_minutes))
                yield
        finally:
            await self._desk.finish()  # while the connections for it are still there

    async def _watch(self, handler: AsyncSocketModeHandler) -> None:
        """Look back where the socket was lost for longer than Slack is sure to send again."""
        lost: float | None = None
        while True:
            await asyncio.sleep(self._watch_seconds)
            if not await handler.client.is_connected():
                lost = lost or time.time() - self._watch_seconds
            elif lost is not None:
                if time.time() - lost > 5 * self._watch_seconds:
                    self._desk.spawn(self._look_back(lost))
                lost = None

    async def _look_back(self, since: float) -> None:
        """Hear what was said since then; what is known already stays known."""
        missed = Missed(self._settings.name, self._client, self._inbox, self._pause)
        async for event in missed.events(since):
            await self._on_message(event)

    @property
    def platform(self) -> SlackPlatform:
        """The workspace, while the bot is running."""
        return self._platform

    async def until_lost(self) -> None:
        """Return never: the socket connects anew by itself, and a port waits for requests."""
        await asyncio.get_running_loop().create_future()

    async def notify(self, text: str) -> None:
        """Tell the administrators' channel, where one is named."""
        if self._settings.notices is not None:
            await call(
                self._client.chat_postMessage(
                    channel=self._settings.notices, text=text, unfurl_links=False, unfurl_media=False
                )
            )

    async def post(self, place: Place, text: str) -> None:
        """Post what a plugin has to say, in a channel or a thread of it."""
        await call(
            self._client.chat_postMessage(
                channel=place.channel, thread_ts=place.thread or None, text=text, unfurl_links=False, unfurl_media=False
            )
        )

    # the connection

    def _secret(self, name: str, prefix: str = "") -> str:
        value = self._secrets.get(name)
        if value is None:
            raise BotError(f"bots.yaml: {self._settings.name}: {name} is not set")
        if not value.get_secret_value().startswith(prefix):
            raise BotError(f"bots.yaml: {self._settings.name}: {name} holds no token that begins with {prefix}")
        return value.get_secret_value()

    async def _identify(self) -> dict[str, Any]:
        """Who the bot is; waits for as long as Slack is away."""
        pause = 1.0
        while True:
            try:
                response = await call(self._client.auth_test())
                assert isinstance(response.data, dict)
                return response.data
            except PlatformAway as away:
                _log.warning("%s: %s; trying again in %.0f s", self._settings.name, away.reason, pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            except PlatformError as error:
                raise BotError(
                    f"bots.yaml: {self._settings.name}: {error}: set {self._settings.bot_token_env} anew"
                ) from None

    async def _open_socket(self, app: AsyncApp, stack: AsyncExitStack) -> AsyncSocketModeHandler:
        handler = AsyncSocketModeHandler(
            app,
            self._secret(self._settings.app_token_env, "xapp-"),
            web_client=self._client,
            ping_interval=self._watch_seconds,
        )
        stack.push_async_callback(handler.close_async)
        pause = 1.0
        while True:
            try:
                # asked for here: the client itself would ask for ever, whatever Slack answers
                handler.client.wss_uri = await call(handler.client.issue_new_wss_url())
                await call(handler.connect_async())  # type: ignore[no-untyped-call]
                return handler
            except PlatformAway as away:
                _log.warning("%s: no socket: %s; trying again in %.0f s", self._settings.name, away.reason, pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            except PlatformError as error:
                raise BotError(
                    f"bots.yaml: {self._settings.name}: {error}: {self._settings.app_token_env} needs the scope "
                    "connections:write, and the app Socket Mode"
                ) from None

    async def _open_port(self, app: AsyncApp, stack: AsyncExitStack) -> None:
        async def receive(request: web.Request) -> web.Response:
            return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

        server = web.Application()
        server.router.add_post("/slack/events", receive)
        runner = web.AppRunner(server, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, self._settings.host, self._settings.port).start()
        self.port: int = runner.addresses[0][1]

    def _app(self) -> AsyncApp:
        http = self._settings.mode == "http"

        async def authorize(**_: Any) -> AuthorizeResult:
            return AuthorizeResult(
                enterprise_id=None, team_id=self._team, bot_user_id=self._bot_user, bot_id=self._bot_id,
                bot_token=self._client.token,
            )  # fmt: skip

        app = AsyncApp(
            name=self._settings.name,
            client=self._client,
            authorize=authorize,
            signing_secret=self._secret(self._settings.signing_secret_env) if http else None,
            request_verification_enabled=http,
            ignoring_self_events_enabled=True,
            process_before_response=True,
            logger=_bolt_log(),
        )
        app.event("message")(self._on_message)
        app.event("app_mention")(self._on_mention)
        app.event("app_home_opened")(self._on_home)
        app.event("member_joined_channel")(self._on_members)
        app.event("member_left_channel")(self._on_members)
        app.event("subteam_updated")(self._on_groups)
        app.command("/ask")(self._on_ask)
        app.command("/deskhand")(self._on_administration)
        app.shortcut("deskhand_answer_this")(self._on_shortcut)
        app.action(FEEDBACK)(self._on_feedback)
        app.action(SHARE)(self._on_share)
        app.action(HAND_OVER)(self._on_hand_over)
        app.view(home.REASON)(self._on_reason)
        return app

    # messages

    async def _on_mention(self, event: dict[str, Any]) -> None:
        if is_written_by_somebody(event, self._bot_user, self._settings.allowed_bots):
            await self._receive(event, "mention")

    async def _on_message(self, event: dict[str, Any]) -> None:
        match event.get("subtype"):
            case "message_changed":
                await self._on_edit(event)
            case "message_deleted":
                entry = await self._entry(event["channel"], str(event["deleted_ts"]))
                if entry is not None:
                    self._desk.spawn(self._desk.withdraw(self._platform, entry))
            case _ if is_written_by_somebody(event, self._bot_user, self._settings.allowed_bots):
                kind = await self._kind(event)
                if kind is not None:
                    await self._receive(event, kind)

    async def _on_edit(self, event: dict[str, Any]) -> None:
        """An edit within a minute is meant; later ones mend what others have read already."""
        message = {**event["message"], "channel": event["channel"], "channel_type": event.get("channel_type")}
        before = event.get("previous_message") or {}
        if message.get("text") == before.get("text") or not is_written_by_somebody(
            message, self._bot_user, self._settings.allowed_bots
        ):
            return
        if (moment(str(event["ts"])) - moment(str(message["ts"]))).total_seconds() > _EDITED_SECONDS:
            return
        entry = await self._entry(event["channel"], str(message["ts"]))
        if entry is not None:
            self._desk.spawn(self._desk.change(self._platform, entry, readable(str(message["text"]))))
        elif (kind := await self._kind(message)) is not None:
            await self._receive(message, kind)

    async def _kind(self, event: dict[str, Any]) -> Kind | None:
        """How a message asks the assistant, None where it does not."""
        text = str(event.get("text", ""))
        if event.get("channel_type") == "im":
            return "direct"
        mentioned = mentions(text)
        if self._bot_user in mentioned:
            return "mention"
        if mentioned or says_nothing(readable(text)):
            return None  # people talking to each other
        place = question_of(event, self._team, "follow_up").message.place
        if event.get("thread_ts"):
            askers = await self._inbox.askers(self._settings.name, place)
            return None if not askers else "follow_up" if str(event.get("user")) in askers else "channel"
        return "channel" if place.channel in self._settings.channels and looks_like_question(readable(text)) else None

    async def _receive(self, event: dict[str, Any], kind: Kind) -> None:
        await self._desk.receive(self._platform, question_of(event, self._team, kind))

    async def _entry(self, channel: str, ts: str) -> Entry | None:
        return await self._inbox.find(self._settings.name, self._team, channel, ts)

    # commands and buttons

    async def _on_ask(self, ack: Any, command: dict[str, Any]) -> None:
        text = readable(str(command.get("text", "")))
        if not text:
            await ack(text="Type your question behind it: `/ask how many days of leave do I have?`")
            return
        place = Place("slack", self._team, str(command["channel_id"]), "", direct=True)
        person = Person(str(command["user_id"]))
        message = Message(str(command["trigger_id"]), text, person, place)
        await self._desk.receive(
            self._platform, Question(message, "command", private=True, reply_to=str(command["response_url"]))
        )
        await ack(text="I am looking it up …")

    async def _on_shortcut(self, ack: Any, shortcut: dict[str, Any]) -> None:
        """Somebody wants an answer to somebody's message: it is given in its thread, for all who read there."""
        message = shortcut["message"] | {"channel": shortcut["channel"]["id"], "user": shortcut["user"]["id"]}
        question = question_of(message, self._team, "mention")
        asked = Message(f"{question.message.id}-asked", question.message.text, question.message.person,
                        question.message.place)  # fmt: skip
        await self._desk.receive(self._platform, Question(asked, "mention"))
        await ack()

    async def _on_share(self, ack: Any, action: dict[str, Any], body: dict[str, Any]) -> None:
        """Answer a private question once more, from what everybody in the channel may read."""
        entry = await self._inbox.get(int(action["value"]))
        if entry is not None and entry.question.message.person.id == body["user"]["id"]:
            asked = entry.question.message
            place = Place("slack", self._team, asked.place.channel, "", direct=asked.place.channel.startswith("D"))
            message = Message(f"share-{entry.question.id}", asked.text, asked.person, place)
            await self._desk.receive(self._platform, Question(message, "mention"))
        await ack()

    async def _on_hand_over(self, ack: Any, action: dict[str, Any], body: dict[str, Any]) -> None:
        """The asker wants a person: tell those who take over, and keep out of the thread from now on."""
        await ack()
        entry = await self._inbox.get(int(action["value"]))
        if entry is None or entry.question.message.person.id != body["user"]["id"]:
            self._desk.spawn(self._whisper(body["channel"]["id"], body["user"]["id"], "Only who asked can pass it on."))
        else:
            self._desk.spawn(self._pass_on(entry))

    async def _whisper(self, channel: str, user: str, text: str) -> None:
        await call(self._client.chat_postEphemeral(channel=channel, user=user, text=text))

    async def _pass_on(self, entry: Entry) -> None:
        target, place = self._settings.hand_over, entry.question.message.place
        if target is None or not await self._inbox.hand_over(entry.question):
            return
        link = ""
        if entry.posts and not entry.question.private and not place.direct:
            found = await call(self._client.chat_getPermalink(channel=place.channel, message_ts=entry.posts[0]))
            link = str(found["permalink"])
        await call(self._client.chat_postMessage(channel=target, **handed_over(entry, link)))
        people = f"<#{target}>" if target.startswith("C") else f"<@{target}>"
        said = f"I have passed this on to {people}."
        if entry.question.private:
            await self._whisper(place.channel, entry.question.message.person.id, said)
        else:
            await self.post(place, f"{said} Mention me if you want me back.")

    async def _on_feedback(
        self, ack: Any, action: dict[str, Any], body: dict[str, Any], client: AsyncWebClient
    ) -> None:
        verdict, _, number = str(action["value"]).partition(":")
        await self._feedback.give(int(number), body["user"]["id"], "up" if verdict == "up" else "down")
        await ack()
        if verdict == "down":
            self._desk.spawn(self._ask_reason(client, str(body["trigger_id"]), number))

    async def _ask_reason(self, client: AsyncWebClient, trigger: str, number: str) -> None:
        await call(client.views_open(trigger_id=trigger, view=home.reason_form(number)))

    async def _on_reason(self, ack: Any, view: dict[str, Any], body: dict[str, Any]) -> None:
        reason = home.given_reason(view)
        if reason:
            await self._feedback.explain(int(view["private_metadata"]), body["user"]["id"], reason)
        await ack()

    async def _on_administration(self, ack: Any, command: dict[str, Any], respond: Any) -> None:
        await ack()
        self._desk.spawn(self._administer(command, respond))

    async def _administer(self, command: dict[str, Any], respond: Any) -> None:
        user = str(command["user_id"])
        groups = tuple(await self._people.groups_of(user))
        allowed = bool({user, *groups} & set(self._settings.administrators))
        channel = str(command.get("channel_id", ""))
        caller = Caller(
            Person(user, str(command.get("user_name", "")), groups),
            Place("slack", str(command.get("team_id", "")), channel, direct=channel.startswith("D")),
            allowed,
        )
        text = await self._administration.run(str(command.get("text", "")), user, self._find_answer, caller)
        await respond(text=text, response_type="ephemeral")

    async def _find_answer(self, link: str) -> Entry | None:
        post = post_of_slack_link(link)
        return await self._inbox.answered_by(self._settings.name, *post) if post else None

    # the rest

    async def _on_home(self, event: dict[str, Any]) -> None:
        self._desk.spawn(self._show_home(str(event["user"]), str(event.get("tab")), str(event.get("channel", ""))))

    async def _show_home(self, user: str, tab: str, channel: str) -> None:
        if tab == "home":
            knowledge = await self._administration.knowledge(await self._people.groups_of(user))
            view = home.home_view(knowledge, self._settings.prompts)
            await call(self._client.views_publish(user_id=user, view=view))
        elif self._settings.prompts:
            prompts = [prompt.model_dump() for prompt in self._settings.prompts]
            await call(
                self._client.api_call(
                    "assistant.threads.setSuggestedPrompts", json={"channel_id": channel, "prompts": prompts}
                )
            )

    async def _on_members(self, event: dict[str, Any]) -> None:
        self._people.changed(str(event["channel"]))

    async def _on_groups(self, event: dict[str, Any]) -> None:
        self._people.changed()


def _bolt_log() -> logging.Logger:
    """Bolt finds the token in the environment as well, and warns that it will not use it."""
    log = logging.getLogger("deskhand.bots.slack.bolt")
    if not log.filters:
        log.addFilter(
            lambda record: "will be unused" not in str(record.msg) and "will be ignored" not in str(record.msg)
        )
    return log
