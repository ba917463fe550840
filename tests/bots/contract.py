"""What every chat adapter must do, whatever the platform: a class of tests that each of them inherits.

An adapter's test gives a `stage`: its platform's fake, what people do there, and the adapter to start.
`ConversationContract` is for everything that can be asked, also the terminal; `BotContract` for platforms
where a process may die, a network may fail, and several people read along.
"""

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

from bots.inbox import Inbox
from plugins import Outcome, Replace, Reply
from settings.sections.bots import LimitSettings
from tests.bots.conftest import Brain

Said = Any
"""A message of a person, as the platform's fake has it."""


class Stage(ABC):
    """A place with one person in it, and the assistant."""

    brain: Brain
    settles: bool = True
    """Whether questions go through the inbox."""

    @abstractmethod
    def running(self, limits: LimitSettings | None = None) -> AbstractAsyncContextManager[Any]:
        """The adapter at work, until the end of the block."""

    @abstractmethod
    async def ask(self, text: str) -> Said:
        """Somebody asks the assistant where others read along, or the only place that there is."""

    @abstractmethod
    async def follow_up(self, said: Said, text: str) -> Said:
        """The same person goes on in the conversation that the question began."""

    @abstractmethod
    def posts(self) -> list[str]:
        """What the assistant has said so far, each message as it reads now."""

    @abstractmethod
    async def answered(self, count: int) -> None:
        """Wait until so many questions have been answered or closed."""


class ChatStage(Stage):
    """A chat platform with a channel that everybody reads and a person in the group `staff`."""

    inbox: Inbox
    most_characters: int
    direct_audience: tuple[str, ...] = ()
    channel_audience: tuple[str, ...] = ()

    async def answered(self, count: int) -> None:
        async with asyncio.timeout(20):
            while sum(entry_state in ("done", "closed") for entry_state in await self._states()) < count:
                await asyncio.sleep(0.01)

    async def _states(self) -> list[str]:
        states: list[str] = []
        for number in range(1, 100):
            entry = await self.inbox.get(number)
            if entry is None:
                break
            states.append(entry.state)
        return states

    async def posted(self, count: int = 1) -> None:
        """Wait for so many messages, finished or not."""
        async with asyncio.timeout(20):
            while len(self.posts()) < count:
                await asyncio.sleep(0.01)

    @abstractmethod
    async def ask_directly(self, text: str) -> Said:
        """The person asks where nobody else reads."""

    @abstractmethod
    async def edit(self, said: Said, text: str) -> None:
        """The asker edits a question."""

    @abstractmethod
    async def delete(self, said: Said) -> None:
        """The asker deletes a question."""

    @abstractmethod
    def repeat_events(self) -> None:
        """From now on every event comes twice."""

    @abstractmethod
    def versions(self) -> list[str]:
        """Every text that the first message of the assistant has had."""

    @abstractmethod
    def fail(self, times: int, refused: bool = False) -> None:
        """Let the next attempts to post fail: in passing, or for good."""

    @abstractmethod
    def lose_receipt(self) -> None:
        """Let the next post arrive, and its answer get lost."""

    async def ask_privately(self, text: str) -> bool:
        """The person asks in a channel for themselves alone; false where the platform has no such thing."""
        return False

    def private_posts(self) -> list[str]:
        """What only the asker sees in a channel."""
        return []


class ConversationContract:
    """Questions and answers."""

    async def test_asked_once_it_answers_once(self, stage: Stage) -> None:
        async with stage.running():
            await stage.ask("how many days?")
            await stage.answered(1)
            await asyncio.sleep(0.2)
        assert stage.posts() == ["answer to how many days?"]
        assert [message.text for message, _ in stage.brain.asked] == ["how many days?"]

    async def test_a_follow_up_comes_with_what_was_said(self, stage: Stage) -> None:
        async with stage.running():
            said = await stage.ask("how many days?")
            await stage.answered(1)
            await stage.follow_up(said, "and for part-timers?")
            await stage.answered(2)
        (_, none), (message, history) = stage.brain.asked
        assert message.text == "and for part-timers?"
        assert [(one.role, one.text) for one in history] == [
            ("user", "how many days?"),
            ("assistant", "answer to how many days?"),
        ]
        assert none == ()

    async def test_a_long_answer_arrives_whole_and_in_order(self, stage: Stage) -> None:
        sentences = [f"This is sentence number {number} of a long answer." for number in range(700)]
        stage.brain.replies = [Reply("\n\n".join(sentences), Outcome())]
        async with stage.running():
            await stage.ask("everything?")
            await stage.answered(1)
        assert re.findall(r"number (\d+) of", "\n".join(stage.posts())) == [str(number) for number in range(700)]


class BotContract(ConversationContract):
    """What goes wrong on a platform, and who else is there."""

    async def test_events_that_come_twice_are_answered_once(self, stage: ChatStage) -> None:
        stage.repeat_events()
        async with stage.running():
            for number in range(3):
                await stage.ask(f"question {number}?")
            await stage.answered(3)
            await asyncio.sleep(0.3)
        assert sorted(stage.posts()) == [f"answer to question {number}?" for number in range(3)]

    async def test_a_long_answer_keeps_to_the_platforms_limit(self, stage: ChatStage) -> None:
        stage.brain.replies = [Reply("a few words more " * (stage.most_characters // 8), Outcome())]
        async with stage.running():
            await stage.ask("everything?")
            await stage.answered(1)
        assert len(stage.posts()) >= 2
        assert all(len(post) <= stage.most_characters for post in stage.posts())

    async def test_nobody_is_called_whatever_the_answer_says(self, stage: ChatStage) -> None:
        stage.brain.replies = [Reply("@everyone @here @channel @all <!here> <!channel> <@U1> <@42> <@&71>", Outcome())]
        async with stage.running():
            await stage.ask("who?")
            await stage.answered(1)
        [post] = stage.posts()
        assert not re.search(r"@(everyone|here|channel|all)\b|<[!@]&?\w", post)

    async def test_a_long_running_answer_grows(self, stage: ChatStage) -> None:
        hold = asyncio.Event()

        async def pieces() -> AsyncIterator[str | Outcome]:
            yield "This is how the answer begins. "
            await hold.wait()
            yield "And this is how it ends."
            yield Outcome()

        stage.brain.replies = [Reply(pieces=pieces())]
        async with stage.running():
            await stage.ask("how?")
            await stage.posted()
            assert stage.posts() == ["This is how the answer begins."]
            hold.set()
            await stage.answered(1)
        assert stage.posts() == ["This is how the answer begins. And this is how it ends."]
        assert len(stage.versions()) >= 2

    async def test_an_answer_that_begins_again_takes_the_place_of_what_was_shown(self, stage: ChatStage) -> None:
        hold = asyncio.Event()

        async def pieces() -> AsyncIterator[str | Replace | Outcome]:
            yield "This is how the answer begins, "
            await hold.wait()
            yield Replace("And this is another answer.")
            yield Outcome()

        stage.brain.replies = [Reply(pieces=pieces())]
        async with stage.running():
            await stage.ask("how?")
            await stage.posted()
            hold.set()
            await stage.answered(1)
        assert stage.posts() == ["And this is another answer."]

    async def test_an_edited_question_edits_its_answer(self, stage: ChatStage) -> None:
        async with stage.running():
            said = await stage.ask("how many days?")
            await stage.answered(1)
            await stage.edit(said, "how many weeks?")
            async with asyncio.timeout(10):
                while stage.posts() != ["answer to how many weeks?"]:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
        assert stage.posts() == ["answer to how many weeks?"]

    async def test_a_deleted_question_takes_its_answer_along(self, stage: ChatStage) -> None:
        async with stage.running():
            said = await stage.ask("how many days?")
            await stage.answered(1)
            await stage.delete(said)
            async with asyncio.timeout(10):
                while stage.posts():
                    await asyncio.sleep(0.01)

    async def test_after_a_crash_between_sending_and_recording_there_is_one_answer(self, stage: ChatStage) -> None:
        hold = asyncio.Event()

        async def never_ending() -> AsyncIterator[str | Outcome]:
            yield "This is how the answer begins. "
            await hold.wait()

        stage.brain.replies = [Reply(pieces=never_ending())]
        async with stage.running(LimitSettings(grace_seconds=0)):
            await stage.ask("how many days?")
            await stage.posted()
        entry = await stage.inbox.get(1)
        assert entry is not None
        await stage.inbox.sending(entry.question, [])  # as if the process had died before it noted the post
        async with stage.running():
            await stage.answered(1)
            await asyncio.sleep(0.2)
        assert stage.posts() == ["answer to how many days?"]

    async def test_a_lost_receipt_does_not_make_two_answers(self, stage: ChatStage) -> None:
        stage.lose_receipt()
        async with stage.running():
            await stage.ask("how many days?")
            await stage.answered(1)
            await asyncio.sleep(0.2)
        assert stage.posts() == ["answer to how many days?"]

    async def test_a_platform_that_is_away_for_a_while_gets_the_answer(self, stage: ChatStage) -> None:
        stage.fail(2)
        async with stage.running():
            await stage.ask("how many days?")
            await stage.answered(1)
        assert stage.posts() == ["answer to how many days?"]

    async def test_an_answer_that_is_refused_is_closed_with_the_reason(self, stage: ChatStage) -> None:
        stage.fail(99, refused=True)
        async with stage.running():
            await stage.ask("how many days?")
            await stage.answered(1)
        entry = await stage.inbox.get(1)
        assert entry is not None
        assert entry.state == "closed"
        assert entry.reason
        assert stage.posts() == []

    async def test_what_is_asked_privately_only_the_asker_sees(self, stage: ChatStage) -> None:
        async with stage.running():
            if not await stage.ask_privately("what is the band?"):
                return
            await stage.answered(1)
        assert stage.posts() == []
        assert stage.private_posts() == ["answer to what is the band?"]

    async def test_the_audience_is_the_asker_alone_or_everyone_who_reads(self, stage: ChatStage) -> None:
        async with stage.running():
            await stage.ask("what is the band?")
            await stage.answered(1)
            await stage.ask_directly("what is the band?")
            await stage.answered(2)
        assert [message.audience for message, _ in stage.brain.asked] == [
            stage.channel_audience, stage.direct_audience,
        ]  # fmt: skip
        assert stage.channel_audience != stage.direct_audience
