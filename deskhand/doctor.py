"""`deskhand doctor`: what is wrong, in the order in which it should be mended."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from bots import printable
from deskhand.commands import CommandOptions
from deskhand.console import Console
from deskhand.guard import foreign_rooms
from deskhand.report import as_json
from deskhand.session import Session
from deskhand.settings_check import check_chain
from knowledge.embedding import weights_fingerprint
from knowledge.folder import stray_documents, walk_documents
from knowledge.sources import Sources
from plugins.declarations import checks_of
from plugins.declaring import check_health
from settings import EXTRACTIVE, DeskhandError, Settings, SettingsError, load_settings
from settings.errors import IndexLocked

Level = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `step` is what to do about it."""

    what: str
    level: Level
    message: str
    step: str = ""


class Options(CommandOptions):
    """How to print."""

    json_output: bool = False


async def work(session: Session, options: Options, console: Console) -> int:
    """Print all checks and the next step; status 1 where something is wrong."""
    checks = [check async for check in examine(session)]
    fine = all(check.level != "wrong" for check in checks)
    step = next((check.step for check in sorted(checks, key=lambda c: c.level != "wrong") if check.step), "")
    if options.json_output:
        console.out(as_json({"ok": fine, "checks": [asdict(check) for check in checks], "next": step or None}))
    else:
        for check in checks:
            console.out(printable(f"{check.level:>5}  {check.what}: {check.message}"))
        console.out(printable(f"\nNext: {step}") if step else "\nEverything is fine: try `deskhand chat`.")
    return int(not fine)


async def examine(session: Session) -> AsyncIterator[Check]:
    """All checks; later ones are left out where an earlier one makes them pointless."""
    found = session.home
    yield Check("home", "ok", str(found.root))
    if foreign := await asyncio.to_thread(foreign_rooms):
        for room, others in foreign.items():
            yield Check(
                "packages", "wrong", f"{', '.join(others)} also installs `{room}`", f"pip uninstall {others[0]}"
            )
    try:
        settings = load_settings(found)
        check_chain(settings)
    except SettingsError as error:
        for problem in error.problems:
            yield Check("settings", "wrong", str(problem), f"correct {problem.place}")
        return
    chain = " > ".join(entry.name for entry in settings.assistant.plugins)
    yield Check("settings", "ok", f"{len(settings.files)} files; chain {chain}")
    for check in _models(settings):
        yield check
    async for check in _platforms(settings):
        yield check
    async for check in _knowledge(session, settings):
        yield check
    async for check in _plugins(session, settings):
        yield check


async def _platforms(settings: Settings) -> AsyncIterator[Check]:
    """Whether the chat platforms let the assistant in, and what it lacks there."""
    for entry in settings.bots.slack:
        from bots.slack.checks import problems

        for check in _platform(entry.name, await problems(entry, settings.secrets)):
            yield check
    for server in settings.bots.discord:
        from bots.discord.checks import problems as discord_problems

        for check in _platform(server.name, await discord_problems(server, settings.secrets)):
            yield check


async def _plugins(session: Session, settings: Settings) -> AsyncIterator[Check]:
    """What the plugins' own health checks say; the assistant is opened only where there is one."""
    if not any(checks_of(step.plugin) for step in check_chain(settings)):
        return
    try:
        steps = (await session.assistant()).chain.steps
    except DeskhandError as error:
        yield Check("plugins", "note", f"their health checks were not run: {error}")
        return
    for name, problem in (await check_health(steps)).items():
        plugin = name.rpartition(".")[0]
        yield Check(name, "wrong", problem, f"{plugin}: {problem}") if problem else Check(name, "ok", "fine")


def _platform(name: str, problems: list[str]) -> Iterator[Check]:
    if not problems:
        yield Check(name, "ok", "tokens, scopes and permissions are there")
    for problem in problems:
        yield Check(name, "wrong", problem, f"{name}: {problem}")


def _models(settings: Settings) -> Iterator[Check]:
    models = settings.models
    for route, names in models.routes.items():
        yield Check("route", "ok", f"{route}: {' > '.join(names)}")
    used = {name for names in models.routes.values() for name in names}
    if used <= {EXTRACTIVE}:
        yield Check("models", "note", "no language model is used: answers are quotes from the documents")
    for name, entry in models.models.items():
        if name not in used:
            yield Check("models", "note", f"{name} is in no route")
        if entry.api_key_env is not None and settings.secrets.get(entry.api_key_env) is None:
            yield Check("tokens", "wrong", f"{name}: {entry.api_key_env} is not set", f"set {entry.api_key_env}")
        elif entry.api_key_env is not None:
            yield Check("tokens", "ok", f"{name}: {entry.api_key_env} is set")


async def _knowledge(session: Session, settings: Settings) -> AsyncIterator[Check]:
    home = settings.home
    embedding = settings.knowledge.embedding
    weights = await asyncio.to_thread(weights_fingerprint, embedding, home.data / "models")
    if weights is None:
        yield Check("embedding", "note", f"{embedding.model} will be downloaded at the first indexing")
    else:
        yield Check("embedding", "ok", weights)
    try:
        walk = await asyncio.to_thread(walk_documents, Sources(home, settings.knowledge))
    except DeskhandError as error:
        yield Check("documents", "wrong", str(error), f"make the folder {home.documents}")
        return
    if not walk.files:
        yield Check("documents", "wrong", f"{home.documents} is empty", f"drop documents into {home.documents}")
        return
    yield Check("documents", "ok", f"{len(walk.files)} files in {home.documents}")
    for path in stray_documents(home):
        yield Check("documents", "note", f"{home.shown(path)} is read, but belongs into {home.shown(home.documents)}/")
    for source, reason in walk.unreadable.items():
        yield Check("documents", "wrong", f"{source or home.documents} {reason}", f"make {source} readable")
    async for check in _index(session, len(walk.files)):
        yield check


async def _index(session: Session, files: int) -> AsyncIterator[Check]:
    try:
        index = await session.index()
        if await index.is_empty():
            yield Check("index", "wrong", "nothing has been indexed yet", "run `deskhand index`")
            return
        if not await index.matches_settings():
            yield Check("index", "wrong", "was built with other settings", "run `deskhand index`")
        else:
            await index.verify()
        rows = list((await index.files()).values())
    except IndexLocked as error:  # by a bot at work, most likely: nothing is wrong with that
        yield Check("index", "note", str(error))
        return
    except DeskhandError as error:
        yield Check("index", "wrong", str(error), str(error).partition(": ")[2] or str(error))
        return
    chunks = sum(row.chunks for row in rows)
    yield Check("index", "ok", f"{sum(row.version is not None for row in rows)} documents, {chunks} chunks")
    if len(rows) != files:
        yield Check("index", "note", f"{len(rows)} files are known, {files} are there", "run `deskhand index`")
    for row in rows:
        if row.state == "failed":
            yield Check("documents", "wrong", f"{row.source}: {row.reason}", f"mend {row.source}")
