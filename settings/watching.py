"""Changes in folders as they happen: documents, and the settings themselves."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterable

_log = logging.getLogger(__name__)

_LOOK_AGAIN_MS = 3000
"""How often it is seen whether a folder that was missing has come, or one has gone."""
_POLL_MS = 1000


async def watch(
    folders: Callable[[], Iterable[str]], wanted: Callable[[str], bool], settle_seconds: float, poll: bool = False
) -> AsyncIterator[set[str]]:
    """Yield the paths that changed, once there was no change for `settle_seconds`.

    `folders` is asked again and again, so they may come and go; that one did is a change of it.
    `wanted` chooses by path. `poll` looks instead of being told, as network mounts need it; where
    the system cannot watch so many folders, that is done as well.
    """
    from watchfiles import awatch

    known = await asyncio.to_thread(_identities, folders)
    while True:
        if not known:
            await asyncio.sleep(_LOOK_AGAIN_MS / 1000)
        else:
            try:
                async for changes in awatch(
                    *known,
                    watch_filter=lambda _, path: wanted(path),
                    step=max(round(settle_seconds * 1000), 1),
                    debounce=round(settle_seconds * 10_000),
                    rust_timeout=_LOOK_AGAIN_MS,
                    yield_on_timeout=True,
                    force_polling=poll,
                    poll_delay_ms=_POLL_MS,
                ):
                    if changes:
                        yield {path for _, path in changes}
                    if await asyncio.to_thread(_identities, folders) != known:
                        break
            except FileNotFoundError:
                pass  # gone between the look and the watch
            except OSError as error:
                if poll:
                    raise
                _log.warning("changes in folders cannot be watched (%s): they are looked for every second", error)
                poll = True
        now = await asyncio.to_thread(_identities, folders)
        if changed := set(now.items()) ^ set(known.items()):
            yield {path for path, _ in changed}
        known = now


def _identities(folders: Callable[[], Iterable[str]]) -> dict[str, tuple[int, int]]:
    """The folders that are there; one that was replaced has another number."""
    found = {}
    for path in folders():
        try:
            at = os.stat(path)
        except OSError:
            continue
        found[path] = (at.st_dev, at.st_ino)
    return found
