"""`settings/bots.yaml`: the chat platforms, and how much the assistant does at a time."""

from typing import Literal

from pydantic import Field

from settings.sections.base import Section

DISCORD_API = "https://discord.com/api/v10"
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"


class LimitSettings(Section):
    """How many questions are answered at a time; the others wait in line, fairly."""

    at_a_time: int = Field(8, ge=1, le=200)
    """In all."""
    per_person: int = Field(1, ge=1, le=50)
    """For one person."""
    per_channel: int = Field(3, ge=1, le=50)
    """In one channel."""
    waiting: int = Field(500, ge=1, le=100_000)
    """A question that would make the line longer is turned down with a reason."""
    oldest_minutes: float = Field(30, gt=0, le=1440)
    """After a restart, an unanswered question older than this is closed with an apology."""
    keep_days: int = Field(90, ge=1, le=3650)
    """Questions and answers are forgotten after this long; feedback buttons and edits of older ones do nothing."""
    grace_seconds: float = Field(10, ge=0, le=120)
    """At the end, time for what is being answered; what is left is answered after the next start."""


class PromptSettings(Section):
    """A question that is offered to somebody who opens a conversation."""

    title: str = Field(min_length=1, max_length=75)
    message: str = Field(min_length=1, max_length=300)


class SlackSettings(Section):
    """One Slack workspace."""

    name: str = Field("slack", pattern=r"^[a-z][a-z0-9-]{0,30}$")
    """A name of your own; its questions are kept under it."""
    mode: Literal["socket", "http"] = "socket"
    """`socket` needs no open port; `http` is the Events API."""
    bot_token_env: str = Field("SLACK_BOT_TOKEN", pattern=_VARIABLE)
    """NAME of the variable or secret file with the bot's token (xoxb-...)."""
    app_token_env: str = Field("SLACK_APP_TOKEN", pattern=_VARIABLE)
    """NAME of the one with the app's token (xapp-...), for mode socket."""
    signing_secret_env: str = Field("SLACK_SIGNING_SECRET", pattern=_VARIABLE)
    """NAME of the one with the signing secret, for mode http."""
    host: str = "127.0.0.1"
    """Address that mode http listens at; a reverse proxy with TLS stands before it."""
    port: int = Field(3000, ge=0, le=65535)
    """Port that mode http listens at."""
    base_url: str = Field("https://slack.com/api/", pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$")
    """Where Slack's Web API is."""
    channels: list[str] = Field(default_factory=list)
    """Ids of channels in which every question is answered without a mention, where the evidence is good."""
    allowed_bots: list[str] = Field(default_factory=list)
    """Ids of other bots whose questions are answered."""
    administrators: list[str] = Field(default_factory=list)
    """Ids of people, or handles of user groups, who may use /deskhand."""
    notices: str | None = None
    """Id of the channel that is told what goes wrong."""
    hand_over: str | None = None
    """Id of the person or channel that takes over what the documents do not say; a button offers it."""
    prompts: list[PromptSettings] = Field(default_factory=list, max_length=4)
    """Questions offered to somebody who opens a conversation."""


class DiscordSettings(Section):
    """The assistant on Discord: one token, any number of servers."""

    name: str = Field("discord", pattern=r"^[a-z][a-z0-9-]{0,30}$")
    """A name of your own; its questions are kept under it."""
    token_env: str = Field("DISCORD_TOKEN", pattern=_VARIABLE)
    """NAME of the variable or secret file with the bot's token."""
    servers: list[str] = Field(default_factory=list)
    """Ids of the company's servers: it answers nobody else. None: wherever it was invited, which only the owner
    of the app may be able to do (no Public Bot in Discord's developer portal)."""
    message_content: bool = True
    """Whether the privileged intent of that name is granted. Without it mentions and direct messages still work."""
    channels: list[str] = Field(default_factory=list)
    """Ids of channels in which every question is answered without a mention, where the evidence is good."""
    allowed_bots: list[str] = Field(default_factory=list)
    """Ids of other bots whose questions are answered."""
    direct_messages: Literal["public", "mutual"] = "public"
    """What is read for a direct message: public documents, or those of the writer's roles in servers shared with it."""
    administrators: list[str] = Field(default_factory=list)
    """Ids of people, or names of roles, who may use /deskhand."""
    notices: str | None = None
    """Id of the channel that is told what goes wrong."""
    hand_over: str | None = None
    """Id of the person or channel that takes over what the documents do not say; a button offers it."""
    shards: int | None = Field(None, ge=1, le=1000)
    """Number of connections for very many servers; none: one connection."""
    api_url: str = Field(DISCORD_API, pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$")
    """Where Discord's API is."""


class BotSettings(Section):
    """Where the assistant can be asked."""

    limits: LimitSettings = LimitSettings()
    slack: list[SlackSettings] = Field(default_factory=list)
    """Slack workspaces."""
    discord: list[DiscordSettings] = Field(default_factory=list, max_length=1)
    """Discord. One token is one connection for all servers."""
