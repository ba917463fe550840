"""What is wrong with a Discord bot as `deskhand doctor` tells it: token, intent, servers, permissions."""

from typing import Any

import aiohttp
import discord

from bots.discord.invitation import PERMISSIONS, invitation
from settings.errors import BotError
from settings.secrets import Secrets
from settings.sections.bots import DiscordSettings

_CONTENT_FLAGS = (1 << 18) | (1 << 19)
"""Of an application: the message-content intent is granted, or granted while it is in few servers."""
_SECONDS = aiohttp.ClientTimeout(total=15)


async def problems(settings: DiscordSettings, secrets: Secrets) -> list[str]:
    """A line for everything that keeps the bot from working fully; none where all is well."""
    token = secrets.get(settings.token_env)
    if token is None:
        return [f"{settings.token_env} is not set"]
    headers = {"Authorization": f"Bot {token.get_secret_value()}"}
    async with aiohttp.ClientSession(headers=headers, timeout=_SECONDS) as session:
        try:
            application = await _get(session, settings, "/applications/@me")
            guilds = await _get(session, settings, "/users/@me/guilds")
        except PermissionError:
            return [f"Discord rejects the token in {settings.token_env}: reset it in the developer portal (Bot)"]
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return [f"Discord cannot be reached ({type(error).__name__})"]
    return _application_problems(settings, application) + _guild_problems(settings, application, guilds)


async def own_invitation(settings: DiscordSettings, secrets: Secrets) -> str:
    """The link by which the application of this token is invited. Raises BotError where there is none."""
    token = secrets.get(settings.token_env)
    if token is None:
        raise BotError(f"{settings.token_env} is not set: put the bot's token there first")
    headers = {"Authorization": f"Bot {token.get_secret_value()}"}
    async with aiohttp.ClientSession(headers=headers, timeout=_SECONDS) as session:
        try:
            return invitation(int((await _get(session, settings, "/applications/@me"))["id"]))
        except PermissionError:
            raise BotError(
                f"Discord rejects the token in {settings.token_env}: reset it in the developer portal (Bot)"
            ) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise BotError(f"Discord cannot be reached ({type(error).__name__}): try again") from None


def _application_problems(settings: DiscordSettings, application: dict[str, Any]) -> list[str]:
    found = []
    if settings.message_content and not application.get("flags", 0) & _CONTENT_FLAGS:
        found.append(
            "the message-content intent is off: switch it on in the developer portal (Bot), "
            "or set message_content: false"
        )
    if application.get("bot_public") and not settings.servers:
        found.append(
            "anybody may invite this bot: switch off Public Bot in the developer portal (Bot), "
            "or list the company's servers under servers"
        )
    return found


def _guild_problems(settings: DiscordSettings, application: dict[str, Any], guilds: list[dict[str, Any]]) -> list[str]:
    link = invitation(int(application["id"]))
    if not guilds:
        return [f"it is in no server yet: open {link}"]
    found = []
    present = {str(guild["id"]) for guild in guilds}
    found += [f"it is not in the server {server}: open {link}" for server in settings.servers if server not in present]
    for guild in guilds:
        held = discord.Permissions(int(guild.get("permissions", 0)))
        missing = [name for name, needed in PERMISSIONS if needed and not getattr(held, name)]
        missing = [] if held.administrator else missing
        if missing:
            found.append(f"in {guild['name']} it may not {', '.join(missing)}: invite it again with {link}")
    return found


async def _get(session: aiohttp.ClientSession, settings: DiscordSettings, path: str) -> Any:
    async with session.get(settings.api_url.rstrip("/") + path) as response:
        if response.status == 401:
            raise PermissionError
        response.raise_for_status()
        return await response.json()
