"""`deskhand slack manifest` and `deskhand discord invite`: what the platforms want to know of the assistant."""

import asyncio
import json

from settings import Home, Settings, UsageError, load_settings
from settings.sections.bots import SlackSettings


def slack_manifest_text(home: Home, name: str | None, url: str) -> str:
    """The app manifest of one workspace; of the defaults where bots.yaml names none."""
    from bots.slack.manifest import manifest

    settings = load_settings(home)
    entry = _workspace(settings, name)
    return json.dumps(manifest(settings.assistant.name, entry, url), indent=2, ensure_ascii=False)


def discord_invitation(home: Home) -> str:
    """The link to open in a browser. Raises BotError where the token is missing or rejected."""
    from bots.discord.checks import own_invitation
    from settings.sections.bots import DiscordSettings

    settings = load_settings(home)
    entry = settings.bots.discord[0] if settings.bots.discord else DiscordSettings()
    return asyncio.run(own_invitation(entry, settings.secrets))


def _workspace(settings: Settings, name: str | None) -> SlackSettings:
    entries = settings.bots.slack or [SlackSettings()]
    for entry in entries:
        if name in (None, entry.name):
            return entry
    known = ", ".join(entry.name for entry in entries)
    raise UsageError(f"--name: no workspace of settings/bots.yaml is named {name!r} (known: {known})")
