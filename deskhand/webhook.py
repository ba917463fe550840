"""Notices to an incoming webhook: of Slack, of Discord (with `/slack` at its end), or one's own."""

import asyncio
import logging
from urllib.parse import urlsplit

from settings import Settings, SettingsError

_log = logging.getLogger(__name__)
_SECONDS = 10.0
_TRIES = 3
_LONGEST_PAUSE = 60.0


class Webhook:
    """Posts `{"text": ...}`. The address is a secret: whoever knows it can post."""

    def __init__(self, url: str, sender: str, pause: float = 2.0) -> None:
        self._url = url
        self._sender = sender
        self._pause = pause

    @property
    def host(self) -> str:
        """The name of the machine that it is posted to."""
        return urlsplit(self._url).hostname or ""

    @property
    def origin(self) -> str:
        """The root of that machine, without the secret."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"

    async def __call__(self, text: str) -> None:
        """Post a text; after a fault that may pass, twice more. Raises RuntimeError without the address."""
        import httpx

        reason = ""
        async with httpx.AsyncClient(timeout=_SECONDS) as client:
            for attempt in range(_TRIES):
                pause = self._pause * 2**attempt
                try:
                    answer = await client.post(self._url, json={"text": f"{self._sender}: {text}"})
                except httpx.HTTPError as error:
                    reason = f"the webhook cannot be reached ({type(error).__name__})"
                else:
                    if answer.is_success:
                        return
                    reason = f"the webhook answers {answer.status_code}"
                    if answer.status_code != 429 and answer.status_code < 500:
                        break  # it will not change its mind
                    pause = max(pause, _retry_after(answer.headers.get("Retry-After")))
                if attempt < _TRIES - 1:
                    await asyncio.sleep(min(pause, _LONGEST_PAUSE))
        raise RuntimeError(reason)


async def answers(webhook: Webhook, seconds: float = 5.0) -> str:
    """Why the host of a webhook cannot be reached, empty where it answers; the address itself is not asked for."""
    import httpx

    try:
        async with asyncio.timeout(seconds), httpx.AsyncClient(timeout=seconds) as client:
            await client.head(webhook.origin)
    except (TimeoutError, httpx.TimeoutException):
        return f"{webhook.host} does not answer within {seconds:g} s"
    except httpx.HTTPError as error:
        return f"{webhook.host} cannot be reached ({' '.join(str(error).split())[:150] or type(error).__name__})"
    return ""


def webhook_of(settings: Settings) -> Webhook | None:
    """The webhook that the settings name. Raises SettingsError where its address is missing or none."""
    name = settings.assistant.administrators.webhook_env
    if name is None:
        return None
    secret = settings.secrets.get(name)
    place = ("assistant", "administrators", "webhook_env")
    if secret is None:
        raise SettingsError([settings.problem(place, f"{name} is not set: put the webhook's address there")])
    url = secret.get_secret_value()
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError([settings.problem(place, f"{name} holds no address of a webhook (https://...)")])
    return Webhook(url, settings.assistant.name)


def _retry_after(value: str | None) -> float:
    try:
        return float(value or 0)
    except ValueError:
        return 0.0
