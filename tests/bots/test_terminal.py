import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bots import TerminalBot, print_reply, terminal_message
from bots.terminal import read_line
from knowledge.search import Passage
from plugins import Citation, Exchange, Message, Outcome, Reply
from settings.sections import AssistantSettings
from settings.sections.bots import LimitSettings
from settings.tasks import running as task_running
from tests.bots.conftest import Brain
from tests.bots.contract import ConversationContract, Said, Stage
from tests.fakes.chat_platform import Told

PASSAGE = Passage("1", "leave.md", "v", "Leave", "Carry over", "x", 5, None, 0.5, 0.5, 0.0)


class Terminal(io.StringIO):
    """A screen, in front of somebody who typed or of a pipe."""

    def __init__(self, lines: str, typed: bool = False) -> None:
        super().__init__()
        self.lines = io.StringIO(lines)
        self.typed = typed

    async def read_line(self) -> str:
        return await read_line(self.lines)


class Asked:
    """Answers every question with its number, and remembers what it was asked with which history."""

    def __init__(self) -> None:
        self.calls: list[tuple[Message, tuple[Exchange, ...]]] = []

    async def __call__(self, message: Message, history: Sequence[Exchange]) -> Reply:
        self.calls.append((message, tuple(history)))
        return Reply(f"answer {len(self.calls)}")


async def _talk(typed: str, asked: Asked | None = None, most: int = 4000) -> str:
    screen = Terminal(typed)
    await TerminalBot(asked or Asked(), "Deskhand", ("staff",), Told(AssistantSettings(question_characters=most))).run(
        screen
    )
    return screen.getvalue()


@pytest.mark.parametrize("end", ["", "exit\n", "  EXIT \n", "quit\n", ":q\n"])
async def test_a_session_ends_with_the_input_or_a_farewell(end: str) -> None:
    asked = Asked()
    after = "never asked\n" if end else ""
    assert await _talk(f"first?\n{end}{after}", asked) == "answer 1\n"
    assert [message.text for message, _ in asked.calls] == ["first?"]


async def test_a_follow_up_comes_with_the_session_so_far_and_its_own_number() -> None:
    asked = Asked()
    await _talk("first?\nsecond?\n\n   \nthird?", asked)
    messages = [message for message, _ in asked.calls]
    assert [message.text for message in messages] == ["first?", "second?", "third?"]
    assert len({message.id for message in messages}) == 3
    assert len({message.place.thread for message in messages}) == 1
    assert asked.calls[0][1] == ()
    assert asked.calls[2][1] == (
        Exchange("user", "first?"),
        Exchange("assistant", "answer 1"),
        Exchange("user", "second?"),
        Exchange("assistant", "answer 2"),
    )


async def test_a_new_session_knows_nothing_of_an_earlier_one() -> None:
    asked = Asked()
    await _talk("first?\n", asked)
    await _talk("second?\n", asked)
    assert asked.calls[1][1] == ()


async def test_a_question_that_cannot_be_worked_with_does_not_end_the_session_nor_enter_its_history() -> None:
    asked = Asked()
    shown = await _talk(f"{'long ' * 100}\n\x1b\x07\nfine?\n", asked, most=100)
    assert [line.partition(":")[0] for line in shown.splitlines()] == [
        "the question has 499 characters, the limit is 100 (assistant.yaml",
        "the question is empty",
        "answer 1",
    ]
    assert asked.calls[0][1] == ()


async def test_only_somebody_who_types_is_greeted_and_prompted() -> None:
    screen = Terminal("first?\n", typed=True)
    await TerminalBot(Asked(), "Otto", (), Told()).run(screen)
    assert screen.getvalue() == (
        "Otto. Ask about the documents; `/help` lists the commands, `exit` or Ctrl-D ends.\n\n> answer 1\n\n> "
    )


def test_a_question_typed_here_is_private_and_carries_the_groups() -> None:
    message = terminal_message(3, "x", ["staff", "managers"])
    assert (message.id, message.place.platform, message.place.direct) == ("3", "terminal", True)
    assert message.person.groups == ("staff", "managers")


async def test_a_reply_is_printed_as_it_comes_and_its_sources_after_it() -> None:
    screen = io.StringIO()
    seen: list[str] = []

    async def pieces() -> AsyncIterator[str | Outcome]:
        yield "five "
        seen.append(screen.getvalue())
        yield "days [1]"
        seen.append(screen.getvalue())
        yield Outcome(citations=(Citation(1, PASSAGE),))

    assert await print_reply(Reply(pieces=pieces()), screen.write) == "five days [1]"
    assert seen == ["five ", "five days [1]"]
    assert screen.getvalue() == "five days [1]\n\n[1] Leave > Carry over (leave.md:5)\n"


async def test_documents_can_neither_move_the_cursor_nor_change_colours() -> None:
    hostile = Passage("1", "a\x1b]0;b.md", "v", "T\x1b[2J", "H\x9b31m", "x", 5, None, 0.5, 0.5, 0.0)
    screen = io.StringIO()
    reply = Reply("be \x1b[31mred\x1b[0m\r\u202egone", Outcome(citations=(Citation(1, hostile),)))
    await print_reply(reply, screen.write)
    assert screen.getvalue() == "be [31mred[0mgone\n\n[1] T[2J > H31m (a]0;b.md:5)\n"


async def test_an_input_that_breaks_ends_the_session_with_its_error() -> None:
    class Broken(io.StringIO):
        def readline(self, *_: Any) -> Any:
            raise OSError("the terminal is gone")

    screen = Terminal("")
    screen.lines = Broken()
    with pytest.raises(OSError, match="the terminal is gone"):
        await TerminalBot(Asked(), "Otto", (), Told()).run(screen)


class TerminalStage(Stage):
    """One session, in which a line is typed when it is asked."""

    def __init__(self, brain: Brain) -> None:
        self.brain = brain
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._screen = io.StringIO()
        self.typed = False
        self.write = self._screen.write

    async def read_line(self) -> str:
        return await self._lines.get()

    @asynccontextmanager
    async def running(self, limits: LimitSettings | None = None) -> AsyncIterator[None]:
        async with task_running(TerminalBot(self.brain, "Deskhand", (), Told()).run(self)) as session:
            yield
            self._lines.put_nowait("")
            await asyncio.wait_for(session, 10)

    async def ask(self, text: str) -> None:
        self._lines.put_nowait(f"{text}\n")

    async def follow_up(self, said: Said, text: str) -> None:
        await self.ask(text)

    def posts(self) -> list[str]:
        return [self._screen.getvalue().strip()]

    async def answered(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.brain.asked) < count or not self._screen.getvalue().endswith("\n"):
                await asyncio.sleep(0.01)


class TestTerminal(ConversationContract):
    @pytest.fixture
    def stage(self) -> TerminalStage:
        return TerminalStage(Brain())


async def test_a_reply_that_nobody_reads_on_is_read_to_its_end() -> None:
    written: list[str] = []

    async def pieces() -> AsyncIterator[str | Outcome]:
        yield "five "
        yield "days "
        yield "a year"
        yield Outcome()

    def write(text: str) -> None:
        written.append(text)
        raise BrokenPipeError

    reply = Reply(pieces=pieces())
    with pytest.raises(BrokenPipeError):
        await print_reply(reply, write)
    assert written == ["five "]
    assert reply.text == "five days a year"
    assert reply.ended
