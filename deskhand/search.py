"""`deskhand search`: the passages that a question finds."""

from pydantic import Field

from bots import clean_question
from deskhand.commands import CommandOptions
from deskhand.console import Console
from deskhand.report import as_json, found_as_dict, found_as_text
from deskhand.session import Session


class Options(CommandOptions):
    """What to look for, and how much of it to show."""

    question: str
    k: int = Field(5, ge=1, le=100)
    per_document: int = Field(1, ge=1)
    groups: tuple[str, ...] = ()
    json_output: bool = False


async def work(session: Session, options: Options, console: Console) -> int:
    """Print the passages, best first."""
    question = clean_question(options.question, session.settings.assistant.question_characters)
    index = await session.index()
    index.warm_up()
    await session.fill(console.progress)
    await session.notes(console)
    found = await index.search(question, options.groups, options.k, options.per_document)
    console.out(as_json(found_as_dict(found)) if options.json_output else found_as_text(found))
    return 0
