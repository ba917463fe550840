"""`deskhand ask`: one question, one answer."""

from bots import clean_question, print_reply, terminal_message
from deskhand.commands import CommandOptions
from deskhand.console import Console
from deskhand.report import answer_as_dict, as_json
from deskhand.session import Session
from deskhand.why import why_as_dict, why_as_text


class Options(CommandOptions):
    """What was asked, for whom."""

    question: str
    groups: tuple[str, ...] = ()
    why: bool = False
    json_output: bool = False


async def work(session: Session, options: Options, console: Console) -> int:
    """Stream the answer, or print it as an object."""
    question = clean_question(options.question, session.settings.assistant.question_characters)
    assistant = await session.assistant()
    await session.fill(console.progress)
    await session.notes(console)
    reply, trace = await assistant.ask_traced(terminal_message(1, question, options.groups))
    if options.json_output:
        answer = answer_as_dict(await reply.read(), reply.outcome, trace)
        console.out(as_json(answer | ({"why": why_as_dict(trace)} if options.why else {})))
    else:
        await print_reply(reply, console.write)
        if options.why:
            console.out(f"\n{why_as_text(trace)}")
    return 0
