"""Settings that change while questions are being answered."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bots import terminal_message
from deskhand import live
from deskhand.assistant import Assistant, open_assistant
from plugins import CallNext, Message, Outcome, Plugin, Reply, Turn
from plugins.contract import Options, Pieces
from settings import Home, load_settings
from settings.applied import changes
from settings.tasks import running

Write = Callable[[str, str], Path]

CONTACT = "name: Desk\ncontact: {contact}\nplugins: [{{tests.deskhand.test_live:Signed: {{name: {name}}}}}]\n"


class SignedOptions(Options):
    name: str


class Signed(Plugin[SignedOptions]):
    """Answers in two halves, each with the name of its options; one half waits for the gate."""

    Options = SignedOptions
    gate: asyncio.Event | None = None

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        return Reply(pieces=self._pieces())

    async def _pieces(self) -> Pieces:
        yield f"{self.options.name} {self.context.contact} "
        await (self.gate.wait() if self.gate is not None else asyncio.sleep(0))
        yield f"{self.options.name} {self.context.contact}"
        yield Outcome()


def message(number: int = 1) -> Message:
    return terminal_message(number, "how long?", ())


async def ask(assistant: Assistant, number: int = 1) -> str:
    return await (await assistant.ask(message(number))).read()


@pytest.fixture
def company(company: Home, write: Write) -> Home:
    write("settings/assistant.yaml", CONTACT.format(contact="one", name="one"))
    return company


async def test_a_saved_change_is_in_force_for_the_next_question(company: Home, write: Write) -> None:
    async with open_assistant(load_settings(company)) as assistant:
        assert await ask(assistant) == "one one one one"
        write("settings/assistant.yaml", CONTACT.format(contact="two", name="two"))
        assert await ask(assistant) == "two two two two"
        assert assistant.settings.assistant.contact == "two"


async def test_a_question_on_its_way_ends_on_what_it_began_with_and_that_is_closed_then(
    company: Home, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()
    monkeypatch.setattr(Signed, "gate", gate)
    async with open_assistant(load_settings(company)) as assistant:
        before = assistant.live.live
        early = await assistant.ask(message(1))
        pieces = aiter(early)
        assert await anext(pieces) == "one one "
        write("settings/assistant.yaml", CONTACT.format(contact="two", name="two"))
        late = aiter(await assistant.ask(message(2)))
        assert await anext(late) == "two two "
        assert not before.closed
        gate.set()
        assert await early.read() == "one one one one"
        async with asyncio.timeout(10):
            while not before.closed:
                await asyncio.sleep(0.01)


@pytest.fixture
async def opening(company: Home, write: Write, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Assistant]:
    """An assistant at work, and a saved change that is being taken up: its plugin does not open before the gate."""
    monkeypatch.setattr(OpensSlowly, "gate_of_opening", asyncio.Event(), raising=False)
    monkeypatch.setattr(OpensSlowly, "opens", asyncio.Event(), raising=False)
    async with open_assistant(load_settings(company)) as assistant:
        assert await ask(assistant) == "one one one one"
        write("settings/assistant.yaml", CONTACT.format(contact="two", name="two").replace("Signed", "OpensSlowly"))
        yield assistant


class OpensSlowly(Signed):
    gate_of_opening: asyncio.Event
    opens: asyncio.Event

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.opens.set()
        await self.gate_of_opening.wait()
        yield


async def test_a_question_asked_while_a_change_is_taken_up_gets_the_new_chain(opening: Assistant) -> None:
    async with asyncio.TaskGroup() as group:
        first = group.create_task(ask(opening, 1))
        await OpensSlowly.opens.wait()
        second = group.create_task(ask(opening, 2))
        done, _ = await asyncio.wait({first, second}, timeout=0.2)
        assert not done
        OpensSlowly.gate_of_opening.set()
    assert first.result() == second.result() == "two two two two"


async def test_a_question_that_is_cancelled_meanwhile_loses_no_change(opening: Assistant) -> None:
    async with running(ask(opening, 1)):
        await OpensSlowly.opens.wait()
    OpensSlowly.gate_of_opening.set()
    assert await ask(opening, 2) == "two two two two"


async def test_a_question_does_not_wait_for_ever_for_a_change(
    opening: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_PATIENCE_SECONDS", 0.1)
    assert await ask(opening, 1) == "one one one one"
    OpensSlowly.gate_of_opening.set()
    monkeypatch.setattr(live, "_PATIENCE_SECONDS", 60)
    assert await ask(opening, 2) == "two two two two"


async def test_what_is_saved_meanwhile_is_taken_up_without_a_question(opening: Assistant, write: Write) -> None:
    async with running(ask(opening, 1)):
        await OpensSlowly.opens.wait()
    write("settings/assistant.yaml", CONTACT.format(contact="three", name="three"))
    OpensSlowly.gate_of_opening.set()
    async with asyncio.timeout(20):
        while opening.settings.assistant.contact != "three":
            await asyncio.sleep(0.02)


async def test_one_that_is_being_taken_up_does_not_keep_the_assistant_from_closing(opening: Assistant) -> None:
    async with running(ask(opening, 1)):
        await OpensSlowly.opens.wait()  # and the gate stays shut
    async with asyncio.timeout(20):
        await opening.live.close()
    assert opening.live.live.closed


async def test_a_bad_edit_is_refused_with_its_place_and_told_once_and_the_old_settings_stay(
    company: Home, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    told: list[str] = []

    async def notify(text: str) -> None:
        told.append(text)

    async with open_assistant(load_settings(company), notify=notify) as assistant:
        write("settings/assistant.yaml", CONTACT.format(contact="two", name="two") + "nme: x\n")
        assert await ask(assistant) == "one one one one"
        assert await ask(assistant) == "one one one one"
        write("settings/assistant.yaml", "plugins:\n  - rga\n")
        assert await ask(assistant) == "one one one one"
        write("settings/assistant.yaml", CONTACT.format(contact="two", name="two"))
        assert await ask(assistant) == "two two two two"
        await asyncio.sleep(0)
    assert len(told) == 3
    assert "settings/assistant.yaml:4: nme: no such setting" in told[0]
    assert "settings/assistant.yaml:2: plugins[0]: no plugin named 'rga'" in told[1]
    assert "can be used again" in told[2]
    assert "settings/assistant.yaml:4: nme: no such setting" in caplog.text


async def test_a_plugin_that_cannot_be_opened_is_refused_as_well(company: Home, write: Write) -> None:
    async with open_assistant(load_settings(company)) as assistant:
        write("settings/assistant.yaml", "plugins: ['tests.deskhand.test_live:NeverOpens']\n")
        assert await ask(assistant) == "one one one one"


class NeverOpens(Plugin[Options]):
    def running(self) -> "NeverOpens":  # type: ignore[override]  # wrong on purpose
        raise RuntimeError("no port left")


async def test_a_persona_is_part_of_the_settings_and_a_touched_file_is_no_change(company: Home, write: Write) -> None:
    write("settings/assistant.yaml", "plugins: [persona, rag, answer]\n")
    persona = write("settings/personas/default.md", "You are brief.\n")
    async with open_assistant(load_settings(company)) as assistant:
        first = assistant.live.live
        persona.touch()
        await ask(assistant)
        assert assistant.live.live is first
        persona.write_text("You are kind.\n")
        await ask(assistant)
        assert assistant.live.live is not first


async def test_what_is_saved_is_taken_up_without_a_question_where_somebody_watches(company: Home, write: Write) -> None:
    async with open_assistant(load_settings(company), watch=True) as assistant:
        async with asyncio.timeout(20):
            while assistant.settings.assistant.contact != "two":
                write("settings/assistant.yaml", CONTACT.format(contact="two", name="two"))
                await asyncio.sleep(0.5)


async def test_what_is_in_force_is_noted(company: Home, write: Write) -> None:
    async with open_assistant(load_settings(company)) as assistant:
        assert changes(load_settings(company)) == []
        write("settings/assistant.yaml", CONTACT.format(contact="two", name="one"))
        write("settings/knowledge.yaml", "search:\n  passages: 3\n")
        assert [str(change) for change in changes(load_settings(company))] == [
            'settings/assistant.yaml:2: assistant.contact: "one" -> "two"',
            "settings/knowledge.yaml:2: knowledge.search.passages: 6 -> 3",
        ]
        await ask(assistant)
        assert changes(load_settings(company)) == []


async def test_what_only_a_start_takes_up_is_not_noted_as_in_force(
    company: Home, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with open_assistant(load_settings(company)) as assistant:
        write("settings/knowledge.yaml", "store: {collection: other}\nsearch: {passages: 3}\n")
        write("settings/bots.yaml", "limits: {at_a_time: 2}\n")
        await ask(assistant)
        assert [str(change) for change in changes(load_settings(company))] == [
            'settings/knowledge.yaml:1: knowledge.store.collection: "deskhand" -> "other" (after a restart)',
            "settings/bots.yaml:1: bots.limits.at_a_time: 8 -> 2 (after a restart)",
        ]
        assert assistant.settings.knowledge.search.passages == 3
        assert assistant.settings.bots.limits.at_a_time == 8
    assert "in force; bots.yaml and store in knowledge.yaml after a restart" in caplog.text


async def test_a_restriction_holds_for_the_next_question_and_a_broken_one_says_where(
    company: Home, write: Write
) -> None:
    write("settings/assistant.yaml", "plugins: [rag, answer]\n")
    told: list[str] = []

    async def notify(text: str) -> None:
        told.append(text)

    async with open_assistant(load_settings(company), notify=notify) as assistant:
        question = terminal_message(1, "How many days can I carry over?", ())
        assert "five days" in await (await assistant.ask(question)).read()
        write("settings/knowledge.yaml", "audience:\n  leave.md: it\n")
        assert "five days" in await (await assistant.ask(question)).read()
        write("settings/knowledge.yaml", "audience: {leave.md: [it]}\n")
        assert "five days" not in await (await assistant.ask(question)).read()
        await asyncio.sleep(0)
    assert "settings/knowledge.yaml:2: " in told[0]


async def test_what_is_saved_while_an_assistant_is_being_opened_is_not_missed(company: Home, write: Write) -> None:
    settings = load_settings(company)
    write("settings/assistant.yaml", CONTACT.format(contact="two", name="two"))
    async with open_assistant(settings) as assistant:
        assert await ask(assistant) == "two two two two"


async def test_no_question_is_lost_or_mixed_while_the_settings_change_and_break(company: Home, write: Write) -> None:
    """A smaller `python -m benchmarks swapping`."""
    answers: list[str] = []

    async def ask_many(assistant: Assistant) -> None:
        for number in range(40):
            answers.append(await ask(assistant, number))
            await asyncio.sleep(0.02)

    async with open_assistant(load_settings(company)) as assistant, asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(ask_many(assistant))
        for number in range(12):
            name = f"n{number}"
            write("settings/assistant.yaml", CONTACT.format(contact=name, name=name))
            await asyncio.sleep(0.1)
            write("settings/assistant.yaml", "plugins: [")
            await asyncio.sleep(0.05)
    assert len(answers) == 120
    assert all(len(set(answer.split())) == 1 and len(answer.split()) == 4 for answer in answers)
    assert len(set(answers)) > 3
