"""`deskhand doctor`: what is wrong, in the order in which it should be mended."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict

from bots import printable
from deskhand.commands import CommandOptions
from deskhand.console import Console
from deskhand.doctor_check import Check
from deskhand.doctor_knowledge import knowledge_checks
from deskhand.guard import foreign_rooms
from deskhand.report import as_json
from deskhand.session import Session
from deskhand.settings_check import check_chain
from deskhand.webhook import answers, webhook_of
from plugins.declarations import checks_of
from plugins.declaring import check_health
from plugins.providers import check_providers
from settings import EXTRACTIVE, DeskhandError, Settings, SettingsError, load_settings


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
        await asyncio.to_thread(check_providers, settings)
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
    if told := await _webhook(settings):
        yield told
    async for check in knowledge_checks(session, settings):
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


async def _webhook(settings: Settings) -> Check | None:
    """Whether the webhook of the administrators can be reached; nothing is posted."""
    try:
        webhook = webhook_of(settings)
    except SettingsError as error:
        [problem] = error.problems
        return Check("webhook", "wrong", str(problem), f"correct {problem.place}, or the variable that it names")
    if webhook is None:
        return None
    if away := await answers(webhook):
        name = settings.assistant.administrators.webhook_env
        return Check("webhook", "wrong", away, f"correct the address in {name}, or let this machine reach it")
    return Check("webhook", "ok", f"{webhook.host} answers; nothing was posted")


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
