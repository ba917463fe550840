"""The app as Slack has to know it: `deskhand slack manifest` prints this for the settings at hand."""

from typing import Any

from settings.sections.bots import SlackSettings

SCOPES = {
    "app_mentions:read": "mentions in channels",
    "assistant:write": "the status while it works",
    "channels:history": "follow-ups in public channels",
    "channels:read": "who reads a public channel",
    "chat:write": "answers",
    "commands": "/ask and /deskhand",
    "groups:history": "follow-ups in private channels",
    "groups:read": "who reads a private channel",
    "im:history": "direct messages",
    "im:read": "direct messages",
    "usergroups:read": "the groups of who asks",
    "users:read": "who is a guest",
}
"""Bot scopes with what each is for."""

EVENTS = (
    "app_home_opened", "app_mention", "member_joined_channel", "member_left_channel", "message.channels",
    "message.groups", "message.im", "subteam_updated",
)  # fmt: skip


def manifest(
    name: str, settings: SlackSettings, url: str = "https://deskhand.example.com/slack/events"
) -> dict[str, Any]:
    """An app manifest (schema version 2). `url` is where mode http is reached from outside."""
    http = settings.mode == "http"
    events: dict[str, Any] = {"bot_events": list(EVENTS)}
    interactivity: dict[str, Any] = {"is_enabled": True}
    commands = [
        {"command": "/ask", "description": "Ask the documents, for you alone", "usage_hint": "your question"},
        {"command": "/deskhand", "description": "For administrators", "usage_hint": "status | reindex | why | pause"},
    ]
    if http:
        events["request_url"] = interactivity["request_url"] = url
        commands = [command | {"url": url} for command in commands]
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {"name": name[:35], "description": "Answers from the company's own documents"},
        "features": {
            "bot_user": {"display_name": name[:80], "always_online": True},
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "agent_view": {
                "agent_description": "Answers questions from the company's own documents, with their sources.",
                "suggested_prompts": [prompt.model_dump() for prompt in settings.prompts],
            },
            "slash_commands": [command | {"should_escape": False} for command in commands],
            "shortcuts": [
                {
                    "name": "Answer this",
                    "type": "message",
                    "callback_id": "deskhand_answer_this",
                    "description": "Answer this message from the documents",
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": sorted(SCOPES)}},
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": not http,
            "token_rotation_enabled": False,
        },
    }
