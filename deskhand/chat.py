"""`deskhand chat`: a conversation in the terminal."""

from bots import TerminalBot, printable
from deskhand.commands import CommandOptions
from deskhand.console import Console
from deskhand.report import sync_as_text
from deskhand.session import Session
from plugins.declarations import Command, CommandCall
from plugins.declaring import all_commands


class Options(CommandOptions):
    """Who is talking."""

    groups: tuple[str, ...] = ()


async def work(session: Session, options: Options, console: Console) -> int:
    """Talk until the person has had enough.

    Whoever sits at the machine's terminal is an administrator: `/reindex` is theirs, and notices are shown.
    """

    async def reindex(_call: CommandCall) -> str:
        return sync_as_text(await session.sync(console.progress, "chat"))

    async def show(notice: str) -> None:
        console.err(f"deskhand: {printable(notice)}")

    told: set[str] = set()

    async def note() -> None:
        await session.notes(console, told)

    assistant = await session.assistant()
    assistant.warm_up()
    await session.fill(console.progress)
    await note()
    bot = TerminalBot(
        assistant.ask,
        session.settings.assistant.name,
        options.groups,
        assistant.told,
        [Command("reindex", "bring the index up to date", True, reindex)],
        assistant.command,
        lambda: all_commands(assistant.chain.steps),
        note,
    )
    with session.notices.target(show):
        await bot.run(console)
    return 0
