"""The Web API's methods, with the limits and errors that a bot runs into (Slack's reference, 2026)."""

from collections.abc import Callable
from typing import Any

from deskhand.testing.slack.state import BOT_ID, BOT_USER, TEAM, Message, Workspace

Answer = dict[str, Any]
Arguments = dict[str, Any]

_TEXT, _MARKDOWN_TEXT, _MARKDOWN_BLOCK, _BLOCKS = 40_000, 12_000, 13_200, 50


class SlackFault(Exception):
    """`{"ok": false, "error": ...}`."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.answer: Answer = {"ok": False, "error": error, **more}


class Methods:
    """What `/api/{method}` does to a workspace."""

    def __init__(self, workspace: Workspace, scopes: set[str], url: Callable[[], str]) -> None:
        self._workspace = workspace
        self._scopes = scopes
        self._url = url

    def call(self, method: str, arguments: Arguments) -> Answer:
        found = getattr(self, "_" + method.replace(".", "_"), None)
        if found is None:
            raise SlackFault("unknown_method", req_method=method)
        answer: Answer = found(arguments)
        return {"ok": True, **answer}

    def _auth_test(self, _: Arguments) -> Answer:
        return {"url": self._url(), "team": "Larkfield", "team_id": TEAM, "user": "deskhand", "user_id": BOT_USER,
                "bot_id": BOT_ID}  # fmt: skip

    # messages

    def _chat_postMessage(self, arguments: Arguments) -> Answer:  # noqa: N802
        self._need("chat:write")
        message = self._written(arguments, Message(self._workspace.next_ts(), self._channel(arguments), BOT_USER, ""))
        message.bot = True
        message.thread_ts = arguments.get("thread_ts", "")
        message.unfurl = bool(arguments.get("unfurl_links", True) or arguments.get("unfurl_media", True))
        self._workspace.messages.append(message)
        return {"ts": message.ts, "channel": message.channel, "message": message.as_json()}

    def _chat_postEphemeral(self, arguments: Arguments) -> Answer:  # noqa: N802
        self._need("chat:write")
        message = self._written(arguments, Message(self._workspace.next_ts(), self._channel(arguments), BOT_USER, ""))
        message.bot, message.seen_by = True, str(arguments["user"])
        message.thread_ts = arguments.get("thread_ts", "")
        self._workspace.messages.append(message)
        return {"message_ts": message.ts}

    def _chat_update(self, arguments: Arguments) -> Answer:
        message = self._own(arguments)
        if message.streaming:
            raise SlackFault("streaming_state_conflict")
        self._written(arguments, message)
        return {"ts": message.ts, "channel": message.channel, "text": message.text}

    def _chat_delete(self, arguments: Arguments) -> Answer:
        self._workspace.messages.remove(message := self._own(arguments))
        return {"ts": message.ts, "channel": message.channel}

    def _chat_startStream(self, arguments: Arguments) -> Answer:  # noqa: N802
        self._need("chat:write")
        channel = self._channel(arguments)
        if not arguments.get("thread_ts"):
            raise SlackFault("invalid_thread_ts")
        direct = self._workspace.channels[channel].direct
        if not direct and not (arguments.get("recipient_user_id") and arguments.get("recipient_team_id")):
            raise SlackFault("missing_recipient_user_id")
        message = Message(self._workspace.next_ts(), channel, BOT_USER, "", thread_ts=arguments["thread_ts"])
        message.bot = message.streaming = True
        self._extend(message, arguments)
        self._workspace.messages.append(message)
        return {"ts": message.ts, "channel": channel}

    def _chat_appendStream(self, arguments: Arguments) -> Answer:  # noqa: N802
        message = self._own(arguments)
        if not message.streaming:
            raise SlackFault("message_not_in_streaming_state")
        self._extend(message, arguments)
        return {"ts": message.ts, "channel": message.channel}

    def _chat_stopStream(self, arguments: Arguments) -> Answer:  # noqa: N802
        message = self._own(arguments)
        if not message.streaming:
            raise SlackFault("message_not_in_streaming_state")
        self._extend(message, arguments)
        blocks = arguments.get("blocks") or []
        self._check_blocks(blocks)
        message.blocks = [{"type": "markdown", "text": message.text}, *blocks]
        message.metadata = arguments.get("metadata") or {}
        message.streaming = False
        return {"ts": message.ts, "channel": message.channel, "message": message.as_json()}

    def _chat_getPermalink(self, arguments: Arguments) -> Answer:  # noqa: N802
        ts = str(arguments["message_ts"])
        return {"permalink": f"https://larkfield.slack.example/archives/{arguments['channel']}/p{ts.replace('.', '')}"}

    def _extend(self, message: Message, arguments: Arguments) -> None:
        text = arguments.get("markdown_text", "")
        if len(text) > _MARKDOWN_TEXT:
            raise SlackFault("msg_too_long")
        message.text += text
        message.versions.append(message.text)

    def _written(self, arguments: Arguments, message: Message) -> Message:
        text, blocks = arguments.get("text", ""), arguments.get("blocks") or []
        markdown = arguments.get("markdown_text")
        if markdown is not None and (text or blocks):
            raise SlackFault("markdown_text_conflict")
        if not (text or blocks or markdown):
            raise SlackFault("no_text")
        if len(text) > _TEXT or len(markdown or "") > _MARKDOWN_TEXT:
            raise SlackFault("msg_too_long")
        self._check_blocks(blocks)
        message.text = markdown if markdown is not None else text
        message.blocks = blocks
        if arguments.get("metadata"):
            message.metadata = arguments["metadata"]
        message.versions.append(message.shown)
        return message

    def _check_blocks(self, blocks: list[dict[str, Any]]) -> None:
        if len(blocks) > _BLOCKS:
            raise SlackFault("invalid_blocks", errors=["too many blocks"])
        if sum(len(block.get("text", "")) for block in blocks if block.get("type") == "markdown") > _MARKDOWN_BLOCK:
            raise SlackFault("msg_blocks_too_long")
        for block in blocks:
            if block.get("type") == "section" and len(block["text"]["text"]) > 3000:
                raise SlackFault("invalid_blocks", errors=["section text over 3000 characters"])

    def _own(self, arguments: Arguments) -> Message:
        message = self._workspace.find(self._channel(arguments), str(arguments.get("ts")))
        if message is None or message.seen_by:
            raise SlackFault("message_not_found")
        if not message.bot:
            raise SlackFault("cant_update_message")
        return message

    # places and people

    def _conversations_replies(self, arguments: Arguments) -> Answer:
        channel = self._channel(arguments)
        self._need(
            {"im": "im:history", "group": "groups:history"}.get(
                self._workspace.channels[channel].type, "channels:history"
            )
        )
        messages = self._workspace.thread(channel, str(arguments["ts"]))
        if not messages:
            raise SlackFault("thread_not_found")
        shown = [message.as_json() for message in messages]
        if str(arguments.get("include_all_metadata")).lower() not in ("1", "true"):
            for data in shown:
                data.pop("metadata", None)
        root, replies = shown[:1], shown[1:]  # the first message comes along, however old it is
        return self._page(root + _since(replies, arguments), "messages", arguments)

    def _conversations_history(self, arguments: Arguments) -> Answer:
        """First messages of threads, and those in none, the latest first."""
        channel = self._channel(arguments)
        self._need({"im": "im:history", "group": "groups:history"}.get(
            self._workspace.channels[channel].type, "channels:history"
        ))  # fmt: skip
        said = [one for one in self._workspace.messages if one.channel == channel and not one.seen_by]
        latest = {one.thread_ts: one.ts for one in said if one.thread_ts}
        shown = [
            one.as_json() | ({"latest_reply": latest[one.ts]} if one.ts in latest else {})
            for one in reversed(said)
            if one.thread_ts in ("", one.ts)
        ]
        return self._page(_since(shown, arguments), "messages", arguments)

    def _users_conversations(self, arguments: Arguments) -> Answer:
        for scope in ("channels:read", "groups:read", "im:read"):
            self._need(scope)
        mine = [
            {"id": one.id, "is_im": one.direct, "is_private": one.private, "is_archived": False}
            for one in self._workspace.channels.values()
            if BOT_USER in one.members
        ]
        return self._page(mine, "channels", arguments)

    def _page(self, found: list[dict[str, Any]], key: str, arguments: Arguments) -> Answer:
        start, size = int(arguments.get("cursor") or 0), int(arguments.get("limit") or 100)
        more = start + size < len(found)
        cursor = str(start + size) if more else ""
        return {key: found[start : start + size], "has_more": more, "response_metadata": {"next_cursor": cursor}}

    def _conversations_info(self, arguments: Arguments) -> Answer:
        channel = self._workspace.channels[self._channel(arguments)]
        return {"channel": {"id": channel.id, "is_im": channel.direct, "is_private": channel.private,
                            "is_ext_shared": channel.external, "is_member": BOT_USER in channel.members}}  # fmt: skip

    def _conversations_members(self, arguments: Arguments) -> Answer:
        channel = self._workspace.channels[self._channel(arguments)]
        self._need("groups:read" if channel.private else "channels:read")
        start, size = int(arguments.get("cursor") or 0), int(arguments.get("limit") or 100)
        end = start + size
        cursor = str(end) if end < len(channel.members) else ""
        return {"members": channel.members[start:end], "response_metadata": {"next_cursor": cursor}}

    def _conversations_open(self, arguments: Arguments) -> Answer:
        return {"channel": {"id": f"D{arguments['users']}"}}

    def _users_info(self, arguments: Arguments) -> Answer:
        self._need("users:read")
        user = str(arguments["user"])
        if user not in self._workspace.people:
            raise SlackFault("user_not_found")
        return {"user": self._workspace.people[user]}

    def _usergroups_list(self, _: Arguments) -> Answer:
        self._need("usergroups:read")
        groups = [
            {"id": f"S{number}", "handle": handle, "name": handle, "users": users, "date_delete": 0}
            for number, (handle, users) in enumerate(self._workspace.groups.items(), start=1)
        ]
        return {"usergroups": groups}

    def _views_publish(self, arguments: Arguments) -> Answer:
        self._workspace.homes[arguments["user_id"]] = arguments["view"]
        return {"view": arguments["view"]}

    def _views_open(self, arguments: Arguments) -> Answer:
        if not arguments.get("trigger_id"):
            raise SlackFault("invalid_trigger_id")
        self._workspace.views.append(arguments["view"])
        return {"view": arguments["view"] | {"id": "V1"}}

    def _assistant_threads_setStatus(self, arguments: Arguments) -> Answer:  # noqa: N802
        self._need("assistant:write")
        status = (str(arguments["channel_id"]), str(arguments["thread_ts"]), str(arguments["status"]))
        self._workspace.statuses.append(status)
        return {}

    def _assistant_threads_setSuggestedPrompts(self, arguments: Arguments) -> Answer:  # noqa: N802
        self._workspace.prompts.append(arguments)
        return {}

    def _channel(self, arguments: Arguments) -> str:
        channel = str(arguments.get("channel") or arguments.get("channel_id") or "")
        if channel in self._workspace.people:  # a person's id stands for the conversation with them
            channel = f"D{channel}"
        found = self._workspace.channels.get(channel)
        if found is None:
            raise SlackFault("channel_not_found")
        if BOT_USER not in found.members:
            raise SlackFault("not_in_channel")
        return channel

    def _need(self, scope: str) -> None:
        if scope not in self._scopes:
            raise SlackFault("missing_scope", needed=scope, provided=",".join(sorted(self._scopes)))


def _since(messages: list[dict[str, Any]], arguments: Arguments) -> list[dict[str, Any]]:
    """Those that are later than `oldest`."""
    oldest = float(arguments.get("oldest") or 0)
    return [message for message in messages if float(message["ts"]) > oldest]
