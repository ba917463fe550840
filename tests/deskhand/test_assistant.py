from collections.abc import Callable
from pathlib import Path

import pytest

from bots import terminal_message
from deskhand.assistant import open_assistant
from knowledge import Receipt
from plugins import Exchange
from settings import Home, SettingsError, load_settings
from settings.errors import FolderError


class Count:
    """Progress that counts."""

    def __init__(self) -> None:
        self.files = 0
        self.receipts: list[str] = []

    def start(self, files: int) -> None:
        self.files = files

    def chunks(self, done: int, expected: int) -> None:
        assert done <= expected

    def file(self, receipt: Receipt) -> None:
        self.receipts.append(receipt.source)


async def test_the_documents_are_indexed_once_and_answer_with_citations(company: Home) -> None:
    settings, count = load_settings(company), Count()
    async with open_assistant(settings, count) as assistant:
        reply, trace = await assistant.ask_traced(terminal_message(1, "How many days can I carry over?", ()))
        text = await reply.read()
    assert (count.files, sorted(count.receipts)) == (2, ["leave.md", "pay.md"])
    assert "five days" in text
    assert [citation.passage.source for citation in reply.outcome.citations] == ["leave.md"]
    assert {step.plugin for step in trace.plugins} == {"guard", "persona", "history", "rag", "output", "answer"}
    assert not any(step.error for step in trace.plugins)

    again = Count()
    async with open_assistant(settings, again) as assistant:
        assert not await assistant.index.is_empty()
    assert again.receipts == []


async def test_groups_decide_what_is_read_and_a_follow_up_is_understood(company: Home) -> None:
    question = "What is the salary band of a team lead?"
    async with open_assistant(load_settings(company)) as assistant:
        employee = await assistant.ask(terminal_message(1, question, ["staff"]))
        manager = await assistant.ask(terminal_message(2, question, ["staff", "managers"]))
        assert "band seven" not in await employee.read()
        assert "pay.md" not in [citation.passage.source for citation in employee.outcome.citations]
        assert "band seven" in await manager.read()
        history = (Exchange("user", question), Exchange("assistant", manager.text))
        follow_up = await assistant.ask(terminal_message(3, "and the bonus?", ["managers"]), history)
        assert "nine percent" in await follow_up.read()


async def test_a_mistake_in_the_chain_is_found_before_anything_is_indexed(
    company: Home, write: Callable[[str, str], Path]
) -> None:
    write("settings/assistant.yaml", "plugins:\n  - rga\n  - answer\n")
    with pytest.raises(
        SettingsError, match=r"^settings/assistant\.yaml:2: plugins\[0\]: no plugin named 'rga' \(did you mean rag\?\)$"
    ):
        async with open_assistant(load_settings(company)):
            pytest.fail("must not open")
    assert not list(company.data.glob("index/g*"))


async def test_a_home_without_documents_says_where_to_drop_them(home: Home) -> None:
    with pytest.raises(FolderError, match="holds no documents: drop PDF, Word, Markdown or other files there"):
        async with open_assistant(load_settings(home)):
            pytest.fail("must not open")
