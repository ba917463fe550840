"""`deskhand chat`: a conversation in the terminal."""

from bots import TerminalBot
from deskhand.commands import CommandOptions
from deskhand.console import Console
from deskhand.session import Session


class Options(CommandOptions):
    """Who is talking."""

    groups: tuple[str, ...] = ()


async def work(session: Session, options: Options, console: Console) -> int:
    """Talk until the person has had enough."""
    told = session.settings.assistant
    assistant = await session.assistant()
    await session.fill(console.progress)
    await TerminalBot(assistant.ask, told.name, options.groups, told.question_characters).run(console)
    return 0
