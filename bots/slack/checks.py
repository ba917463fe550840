"""What is wrong with a Slack app as `deskhand doctor` tells it: tokens, scopes, the socket."""

from slack_sdk.web.async_client import AsyncWebClient

from bots.platform import PlatformError
from bots.slack.calls import call
from bots.slack.manifest import SCOPES
from settings.secrets import Secrets
from settings.sections.bots import SlackSettings


async def problems(settings: SlackSettings, secrets: Secrets) -> list[str]:
    """A line for everything that keeps the bot from working fully; none where all is well.

    Slack does not tell which events an app has subscribed to: the manifest lists them.
    """
    if missing := _missing(settings, secrets):
        return missing
    return [*await _bot_problems(settings, secrets), *await _socket_problems(settings, secrets)]


def _missing(settings: SlackSettings, secrets: Secrets) -> list[str]:
    needed = {settings.bot_token_env: "xoxb-"}
    if settings.mode == "socket":
        needed[settings.app_token_env] = "xapp-"
    else:
        needed[settings.signing_secret_env] = ""
    found = []
    for name, prefix in needed.items():
        value = secrets.get(name)
        if value is None:
            found.append(f"{name} is not set")
        elif not value.get_secret_value().startswith(prefix):
            found.append(f"{name} holds no token that begins with {prefix}")
    return found


async def _bot_problems(settings: SlackSettings, secrets: Secrets) -> list[str]:
    try:
        response = await call(_client(settings, secrets, settings.bot_token_env).auth_test())
    except PlatformError as error:
        return [f"{settings.bot_token_env}: {error}"]
    given = {scope.strip() for scope in str(response.headers.get("x-oauth-scopes", "")).split(",")} - {""}
    if not given:
        return []  # Slack did not say
    return [
        f"the app lacks the scope {scope} ({reason}): add it under OAuth & Permissions and reinstall the app"
        for scope, reason in SCOPES.items()
        if scope not in given
    ]


async def _socket_problems(settings: SlackSettings, secrets: Secrets) -> list[str]:
    """The app's token is proved by asking for a socket's address, which nobody then connects to."""
    if settings.mode != "socket":
        return []
    try:
        await call(_client(settings, secrets, settings.app_token_env).api_call("apps.connections.open"))
    except PlatformError as error:
        return [f"{settings.app_token_env}: {error}: it needs the scope connections:write, and Socket Mode switched on"]
    return []


def _client(settings: SlackSettings, secrets: Secrets, name: str) -> AsyncWebClient:
    token = secrets.get(name)
    assert token is not None  # it was looked for before
    return AsyncWebClient(
        token=token.get_secret_value(), base_url=settings.base_url.rstrip("/") + "/", retry_handlers=[]
    )
