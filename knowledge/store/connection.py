"""The connection to a Qdrant server: limits, further attempts, errors that a person can act on.

Every request has a time limit. Connection errors, 429 and 5xx are tried again, so a request must mean
the same when it arrives twice. qdrant_client takes seconds to import and is imported at the first request.
"""

import asyncio
import json
import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from knowledge.store.tls import certificate_error, trusting, what_to_do
from settings.errors import DeskhandError, IndexAway, IndexUnusable
from settings.secrets import Secrets
from settings.sections import StoreSettings

if TYPE_CHECKING:
    from qdrant_client import AsyncQdrantClient, models
    from qdrant_client.http.exceptions import UnexpectedResponse

T = TypeVar("T")

OLDEST, NEWEST = (1, 19), (1, 21)
"""Versions of the server that fit the client: one minor version either way."""
PAUSES = (0.2, 0.5, 1.0)
"""Seconds before each further attempt."""

_LONGEST_PAUSE = 5.0


class Connection:
    """The connection: limits, further attempts, and errors as lines that a person can act on."""

    def __init__(self, settings: StoreSettings, secrets: Secrets, root: Path, pauses: Sequence[float]) -> None:
        """`root` is the folder that a relative `ca_file` lies below."""
        self._settings = settings
        self._root = root
        self._secrets = secrets
        self._pauses = pauses
        self._client: AsyncQdrantClient | None = None
        self._connecting = asyncio.Lock()

    def __str__(self) -> str:
        return f"the Qdrant server at {self._settings.url}"

    async def ask(self, request: "Callable[[AsyncQdrantClient, int], Awaitable[T]]", seconds: float = 0) -> T:
        """Send a request made of the client and a limit in whole seconds, and again where that may help.

        Raises IndexUnusable with the reason.
        """
        async with self._connecting:
            if self._client is None:
                self._client = await self._connect()
        return await self._send(self._client, request, seconds)

    async def write(
        self, request: "Callable[[AsyncQdrantClient, int], Awaitable[models.UpdateResult]]", seconds: float = 0
    ) -> None:
        """Send a change, and return when searches see it.

        Raises IndexAway also where the server has only noted it: it answers so, and not with an error, when
        the limit is over before the change's turn has come.
        """
        result = await self.ask(request, seconds)
        if result.status != "completed":
            raise self._too_slow(self._limit(seconds))

    async def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()

    async def _connect(self) -> "AsyncQdrantClient":
        await asyncio.to_thread(__import__, "qdrant_client")
        from qdrant_client import AsyncQdrantClient

        key, ca_file = self._api_key(), self._settings.ca_file
        trust: dict[str, Any] = {"verify": await asyncio.to_thread(trusting, self._root / ca_file)} if ca_file else {}
        client = AsyncQdrantClient(
            url=self._settings.url,
            headers={"api-key": key} if key else None,
            timeout=math.ceil(self._settings.timeout_seconds),
            check_compatibility=False,  # done here: it would warn, from a thread of its own
            **trust,
        )
        try:
            version = (await self._send(client, lambda client, _: client.info())).version
            parts = re.match(r"v?(\d+)\.(\d+)", version)
            if parts is None or not OLDEST <= (int(parts[1]), int(parts[2])) <= NEWEST:
                raise IndexAway(
                    f"{self} is version {version[:20]!r}: this Deskhand works with "
                    f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
                )
        except BaseException:
            await client.close()
            raise
        return client

    def _api_key(self) -> str:
        name = self._settings.api_key_env
        if name is None:
            return ""
        secret = self._secrets.get(name)
        if secret is None:
            raise IndexAway(f"{name} is not set: knowledge.store.api_key_env names it as the key of {self}")
        key = secret.get_secret_value()
        if not re.fullmatch(r"[!-~]+", key):
            raise IndexAway(f"{name} holds a space, a line break or a letter that no API key has: set it again")
        return key

    async def _send(
        self,
        client: "AsyncQdrantClient",
        request: "Callable[[AsyncQdrantClient, int], Awaitable[T]]",
        seconds: float = 0,
    ) -> T:
        limit = self._limit(seconds)
        pauses = iter(self._pauses)
        while True:
            try:
                async with asyncio.timeout(limit):
                    return await request(client, math.ceil(limit))
            except Exception as error:
                pause = _pause(error, next(pauses, None))
                if pause is None:
                    raise (self._explained(error, limit) or error) from None
            await asyncio.sleep(pause)

    def _limit(self, seconds: float) -> float:
        return max(self._settings.timeout_seconds, seconds)

    def _too_slow(self, limit: float) -> IndexAway:
        return IndexAway(
            f"{self} gave no answer within {limit:g} s: look at its load, or raise knowledge.store.timeout_seconds"
        )

    def _explained(self, error: Exception, limit: float) -> DeskhandError | None:
        """An error of the client as one line; None for a defect of Deskhand's own."""
        import httpx
        from pydantic import ValidationError
        from qdrant_client.common.client_exceptions import QdrantException
        from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

        if isinstance(error, UnexpectedResponse):
            return self._refused(error, limit)
        if isinstance(error, ResponseHandlingException):
            error = error.source
        if isinstance(error, TimeoutError):
            return self._too_slow(limit)
        if isinstance(error, QdrantException):
            return IndexAway(f"{self} is overloaded: try again later")
        if (refused := certificate_error(error)) is not None:
            return IndexAway(f"{self} {what_to_do(refused)}")
        if isinstance(error, ValidationError | json.JSONDecodeError):
            return IndexAway(f"{self} does not answer as one: correct knowledge.store.url")
        if isinstance(error, httpx.HTTPError | httpx.InvalidURL | OSError):
            reason = self._shown(str(error) or type(error).__name__)
            return IndexAway(f"{self} cannot be reached ({reason}): start it, or correct knowledge.store.url")
        return None

    def _refused(self, error: "UnexpectedResponse", limit: float) -> DeskhandError:
        status, name = error.status_code or 0, self._settings.api_key_env
        reason = self._shown(_reason(status, error.content))
        if status in (401, 403) and name is None:
            return IndexAway(f"{self} asks for an API key: set knowledge.store.api_key_env to the name of the variable")
        if status == 401:
            return IndexAway(f"{self} rejects the API key in {name}: correct it")
        if status == 403:
            return IndexAway(f"{self} does not permit this with the API key in {name}: it has to read and write")
        if status == 404 and self._client is None:
            return IndexAway(f"{self} does not answer as one: correct knowledge.store.url")
        if status == 404:
            return IndexUnusable(f"{self} has lost the index ({reason}): `deskhand index --rebuild` makes it anew")
        if status == 408:
            return self._too_slow(limit)
        if _full(status, reason):
            return IndexAway(f"the disk of {self} is full ({reason}): make room there, then run the command again")
        if status == 429 or status >= 500:
            return IndexAway(f"{self} is in trouble ({status}: {reason}): look at its log and try again")
        return IndexUnusable(f"{self} refuses a request ({status}: {reason})")

    def _shown(self, reason: str) -> str:
        """What a server or a library says, on one line and without the key."""
        text = " ".join(reason.split())
        return self._secrets.redact(text)[:200]


def _pause(error: Exception, pause: float | None) -> float | None:
    """How long to wait before the next attempt; None where there is to be none."""
    import httpx
    from qdrant_client.common.client_exceptions import QdrantException, ResourceExhaustedResponse
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

    if pause is None:
        return None
    if isinstance(error, ResourceExhaustedResponse):  # 429 with Retry-After
        return max(pause, min(error.retry_after_s, _LONGEST_PAUSE))
    if isinstance(error, QdrantException):  # 429 with a Retry-After that is a date
        return pause
    if isinstance(error, UnexpectedResponse):
        status = error.status_code or 0
        if _full(status, _reason(status, error.content)):
            return None
        return max(pause, _asked_pause(error.headers)) if status == 429 or status >= 500 else None
    if isinstance(error, ResponseHandlingException):
        again = isinstance(error.source, httpx.TransportError) and certificate_error(error.source) is None
        return pause if again else None
    return None


def _full(status: int, reason: str) -> bool:
    """Whether the server's disk has no room left: Qdrant says so with 500, what stands before it with 507."""
    return status == 507 or (status >= 500 and "no space left on device" in reason.lower())


def _asked_pause(headers: Mapping[str, str]) -> float:
    """Seconds that the server asks to wait; a date is not understood and counts as none."""
    asked = headers.get("Retry-After", "")
    return min(float(asked), _LONGEST_PAUSE) if asked.isdecimal() else 0.0


def _reason(status: int, content: bytes) -> str:
    """What Qdrant says in `{"status": {"error": ...}}` or in plain text; a proxy's page says its status alone."""
    text = content.decode(errors="replace").strip()
    try:
        return str(json.loads(text)["status"]["error"])
    except (ValueError, LookupError, TypeError):
        known = status in HTTPStatus.__members__.values()
        return HTTPStatus(status).phrase if known and (not text or text.startswith("<")) else text
