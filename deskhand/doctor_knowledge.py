"""What `deskhand doctor` looks at of the documents: models, folders, schedule, index."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import datetime

from deskhand.doctor_check import Check
from deskhand.session import Session
from knowledge.embedding import weights_fingerprint
from knowledge.folder import Walk, stray_documents, walk_documents
from knowledge.mounts import needs_polling, unmounted
from knowledge.reranking import reranker_files
from knowledge.schedule import schedule_of
from knowledge.sources import Source, Sources
from knowledge.status import not_taken_up
from settings import DeskhandError, Settings
from settings.errors import IndexLocked

_INDEX = "run `deskhand index`"


async def knowledge_checks(session: Session, settings: Settings) -> AsyncIterator[Check]:
    """All of them; later ones are left out where an earlier one makes them pointless."""
    home = settings.home
    embedding = settings.knowledge.embedding
    weights = await asyncio.to_thread(weights_fingerprint, embedding, home.data / "models")
    if weights is None:
        yield Check("embedding", "note", f"{embedding.model} will be downloaded at the first indexing")
    else:
        yield Check("embedding", "ok", weights)
    if check := await asyncio.to_thread(_reranker, settings):
        yield check
    yield _schedule(settings)
    sources = Sources(home, settings.knowledge)
    try:
        walk = await asyncio.to_thread(walk_documents, sources)
    except DeskhandError as error:
        yield Check("documents", "wrong", str(error), f"make the folder {home.documents}")
        return
    for check in await asyncio.to_thread(lambda: list(_sources(settings, walk))):
        yield check
    if not walk.files:
        yield Check("documents", "wrong", f"{home.documents} is empty", f"drop documents into {home.documents}")
        return
    yield Check("documents", "ok", f"{len(walk.files)} files in {_places(walk)}")
    for path in stray_documents(home):
        yield Check("documents", "note", f"{home.shown(path)} is read, but belongs into {home.shown(home.documents)}/")
    roots = {source.root for source in sources}
    for name, reason in walk.unreadable.items():
        if name not in roots or name == "":
            yield Check("documents", "wrong", f"{walk.named(name)}: {reason}", f"mend {walk.named(name)}")
    async for check in _index(session, walk):
        yield check


def _reranker(settings: Settings) -> Check | None:
    """Whether the cross-encoder that the settings name is there."""
    search = settings.knowledge.search
    if search.reranker is None:
        return None
    try:
        files = reranker_files(search.reranker, search.reranker_path, settings.home.data / "models")
    except DeskhandError as error:
        return Check("reranker", "wrong", str(error), "correct it in knowledge.yaml, or take search.reranker out")
    if files is None:
        return Check(
            "reranker",
            "note",
            f"{search.reranker} is not on this machine: it is downloaded at the first question, until then passages "
            "keep their order",
            "ask one question while the machine is online, or name a folder with its files in search.reranker_path",
        )
    return Check("reranker", "ok", f"{search.reranker} in {files}")


def _schedule(settings: Settings) -> Check:
    """When the documents are taken up next without anybody asking for it."""
    sync = settings.knowledge.sync
    watched = sync.watch != "off"
    if (schedule := schedule_of(sync)) is None:
        if watched:
            return Check(
                "schedule", "ok", "none; changes are taken up as they are seen, while `deskhand run` is at work"
            )
        return Check(
            "schedule",
            "note",
            "no schedule and no watching: no change is taken up by itself",
            "set sync.schedule or sync.watch in knowledge.yaml",
        )
    try:
        due = schedule.next_after(datetime.now().astimezone())
    except (LookupError, ValueError, OSError) as error:  # tzlocal, where TZ or /etc/timezone says nonsense
        return Check("schedule", "wrong", f"the machine's time zone is not known ({error})", "set sync.timezone")
    if due is None:
        return Check(
            "schedule",
            "wrong",
            f"sync.schedule {sync.schedule!r} is never due",
            "correct sync.schedule in knowledge.yaml",
        )
    seen = ", and changes as they are seen" if watched else ""
    return Check("schedule", "ok", f"next run {due:%a %d %b %H:%M %Z}{seen}, while `deskhand run` is at work")


def _sources(settings: Settings, walk: Walk) -> Iterator[Check]:
    """Each folder beside `knowledge/docs`: there, mounted, readable, with documents in it."""
    counts = Counter(walk.sources.split(file.source)[0].name for file in walk.files)
    for source in walk.sources:
        if mount := unmounted(str(source.folder)):
            message = f"{source.folder} is empty or missing: {mount} is in /etc/fstab and not mounted"
            yield Check(_named(source), "wrong", message, f"mount {mount}")
            continue
        if settings.knowledge.sync.watch == "events" and needs_polling([str(source.folder)]):
            yield Check(
                _named(source),
                "note",
                f"{source.folder} is on a network mount, which tells nobody of changes that others make",
                "set sync.watch in knowledge.yaml to auto or poll",
            )
        if source.name:
            yield _source(source, counts[source.name], walk.unreadable.get(source.root))


def _source(source: Source, files: int, unreadable: str | None) -> Check:
    where = f"{source.folder}"
    if unreadable is not None and not source.folder.is_dir():
        return Check(_named(source), "wrong", unreadable, f"mount or make {where}, or take it out of sources")
    if unreadable is not None:
        return Check(_named(source), "wrong", f"{where}: {unreadable}", f"let the user of Deskhand read {where}")
    if files:
        return Check(_named(source), "ok", f"{files} files in {where}")
    try:
        with os.scandir(source.folder) as entries:
            empty = not any(entries)
    except OSError:
        empty = True
    if empty:
        return Check(
            _named(source), "note", f"{where} is empty: is its disk or share mounted?", f"mount {where}, or fill it"
        )
    return Check(
        _named(source),
        "note",
        f"nothing in {where} is taken: its files are hidden or left out by patterns",
        f"correct include and exclude of {source.name} in knowledge.yaml",
    )


def _named(source: Source) -> str:
    return f"source {source.name}" if source.name else "documents"


def _places(walk: Walk) -> str:
    others = [source.name for source in walk.sources if source.name]
    return " and ".join([str(walk.sources.home.documents), *others])


async def _index(session: Session, walk: Walk) -> AsyncIterator[Check]:
    try:
        index = await session.index()
        if await index.is_empty():
            yield Check("index", "wrong", "nothing has been indexed yet", _INDEX)
            return
        if not await index.matches_settings():
            yield Check("index", "wrong", "was built with other settings", _INDEX)
        else:
            await index.verify()
        rows = await index.files()
    except IndexLocked as error:  # by a bot at work, most likely: nothing is wrong with that
        yield Check("index", "note", str(error))
        return
    except DeskhandError as error:
        yield Check("index", "wrong", str(error), str(error).partition(": ")[2] or str(error))
        return
    chunks = sum(row.chunks for row in rows.values())
    yield Check("index", "ok", f"{sum(row.version is not None for row in rows.values())} documents, {chunks} chunks")
    waiting = not_taken_up(walk, rows)
    if any(waiting):
        states = zip(waiting, ("not indexed yet", "changed", "gone"), strict=True)
        said = ", ".join(f"{count} {state}" for count, state in states if count)
        yield Check("index", "note", f"files since the last run: {said}", _INDEX)
    for row in rows.values():
        if row.state == "failed":
            yield Check("documents", "wrong", f"{row.source}: {row.reason}", f"mend {row.source}")
