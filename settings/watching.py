"""Changes in folders as they happen: documents, and the settings themselves."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable

_log = logging.getLogger(__name__)

Folders = Callable[[], Iterable[str]]
Wanted = Callable[[str], bool]
_Seen = dict[str, tuple[int, int]]
"""Paths, each with two numbers that differ when it has changed."""

_LOOK_AGAIN_MS = 3000
"""How often it is seen whether a folder that was missing has come, or one has gone."""
_POLL_SECONDS = 1.0
_POLL_LOAD = 10
"""A poll pauses so many times as long as its look at the folders took."""
_LONGEST_UNREST = 10
"""A change is told of after so many times `settle_seconds`, though there are still others."""


async def watch(folders: Folders, wanted: Wanted, settle_seconds: float, poll: bool = False) -> AsyncIterator[set[str]]:
    """Yield the paths that changed, once there was no change for `settle_seconds`.

    `folders` is asked again and again, so they may come and go; that one did is a change of it.
    `wanted` chooses by path. `poll` looks instead of being told, as network mounts need it; where
    the system cannot watch so many folders, that is done as well.
    """
    known: _Seen | None = None
    if not poll:
        try:
            async for changes in _events(folders, wanted, settle_seconds):
                yield changes
        except OSError as error:
            _log.warning("changes in folders cannot be watched (%s): they are looked for instead", error)
        except ExceptionGroup as group:
            given_up, others = group.split(RuntimeError)
            if given_up is None or others is not None:
                raise
            # watchfiles gives up at a name that is no UTF-8, which other systems' archives bring along
            _log.warning(
                "a file's name is not UTF-8 (%s): from now on changes in folders are looked for, not watched",
                given_up.exceptions[0],
            )
            known = await asyncio.to_thread(_look, folders, wanted)
            yield set(folders())  # what changed is not known
    async for changes in _polled(folders, wanted, settle_seconds, known):
        yield changes


async def _events(folders: Folders, wanted: Wanted, settle_seconds: float) -> AsyncIterator[set[str]]:
    """By the system's own events. Raises OSError where it allows no more of them."""
    from watchfiles import Change, awatch

    known = await asyncio.to_thread(_identities, folders)
    while True:
        if not known:
            await asyncio.sleep(_LOOK_AGAIN_MS / 1000)
        else:
            watched = frozenset(known)
            try:
                async for changes in awatch(
                    *watched,
                    watch_filter=lambda _, path, watched=watched: path in watched or wanted(path),  # type: ignore[misc]
                    step=max(round(settle_seconds * 1000), 1),
                    debounce=round(settle_seconds * 1000 * _LONGEST_UNREST),
                    rust_timeout=_LOOK_AGAIN_MS,
                    yield_on_timeout=True,
                ):
                    if changes:
                        yield {path for _, path in changes}
                    replaced = any(path in watched for kind, path in changes if kind != Change.modified)
                    if replaced or await asyncio.to_thread(_identities, folders) != known:
                        break
            except FileNotFoundError:
                pass  # gone between the look and the watch
        now = await asyncio.to_thread(_identities, folders)
        if changed := set(now.items()) ^ set(known.items()):
            yield {path for path, _ in changed}
        known = now


async def _polled(
    folders: Folders, wanted: Wanted, settle_seconds: float, known: _Seen | None = None
) -> AsyncIterator[set[str]]:
    """By looking again and again. Size and full time of change are compared, so that older copies are seen too."""
    if known is None:
        known = await asyncio.to_thread(_look, folders, wanted)
    pause = _POLL_SECONDS
    while True:
        await asyncio.sleep(pause)
        before = time.perf_counter()
        now = await asyncio.to_thread(_look, folders, wanted)
        pause = max(_POLL_SECONDS, _POLL_LOAD * (time.perf_counter() - before))
        if now == known:
            continue
        for _ in range(_LONGEST_UNREST):
            await asyncio.sleep(settle_seconds)
            settled, now = now, await asyncio.to_thread(_look, folders, wanted)
            if now == settled:
                break
        yield {path for path, _ in set(now.items()) ^ set(known.items())}
        known = now


def _identities(folders: Folders) -> _Seen:
    """The folders that are there; one that was replaced has another number."""
    found = {}
    for path in folders():
        try:
            at = os.stat(path)
        except OSError:
            continue
        found[path] = (at.st_dev, at.st_ino)
    return found


def _look(folders: Folders, wanted: Wanted) -> _Seen:
    """Every wanted file below the folders, with its size and time of change, and the folders themselves."""
    found = _identities(folders)
    for folder in tuple(found):
        for parent, _, names in os.walk(folder):
            for name in names:
                if wanted(path := os.path.join(parent, name)):
                    try:
                        at = os.stat(path)
                    except OSError:
                        continue
                    found[path] = (at.st_size, at.st_mtime_ns)
    return found
