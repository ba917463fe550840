"""A chat platform in memory: keeps what was posted, fails when it is told to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bots.platform import Pace, PlatformAway, PlatformError, PlatformRefused, Post, Question
from plugins import Exchange, Message, Person, Place
from settings.sections import AssistantSettings

_SENT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@dataclass(slots=True)
class Told:
    """The settings of the assistant in force, which a test may change."""

    settings: AssistantSettings = field(default_factory=lambda: AssistantSettings(contact="the People team"))

    async def __call__(self) -> AssistantSettings:
        return self.settings


@dataclass(slots=True)
class Shown:
    """A message as people see it, with every text that it has had."""

    key: str
    channel: str
    thread: str
    texts: list[str]

    @property
    def text(self) -> str:
        return self.texts[-1]


@dataclass
class FakePlatform:
    """Implements `bots.platform.Platform`."""

    name: str = "fake"
    pace: Pace = field(default_factory=lambda: Pace(400, post_seconds=0.0, edit_seconds=0.0))
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    messages: dict[str, Shown] = field(default_factory=dict)
    statuses: list[str] = field(default_factory=list)
    fails: list[PlatformError | None] = field(default_factory=list)
    """What the next requests run into, in order; None lets one through."""
    loses: int = 0
    loss: Exception = field(default_factory=lambda: ConnectionResetError("the process died here"))
    """So many of the next posts arrive, but their answers get lost."""
    said: list[Exchange] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    _number: int = 0

    @property
    def texts(self) -> list[str]:
        return [shown.text for shown in self.messages.values()]

    def streams(self, question: Question) -> bool:
        return not question.private

    async def with_groups(self, message: Message) -> Message:
        groups = self.groups.get(message.person.id, ())
        return replace(message, person=replace(message.person, groups=groups))

    async def show_working(self, question: Question, status: str) -> None:
        self.statuses.append(status)

    async def post(self, question: Question, post: Post) -> str:
        self._fail()
        self._number += 1
        place = question.message.place
        self.messages[f"p{self._number}"] = Shown(question.key, place.channel, place.thread, [post.text])
        if self.loses:
            self.loses -= 1
            raise self.loss
        return f"p{self._number}"

    async def edit(self, question: Question, post_id: str, post: Post) -> None:
        self._fail()
        if post_id not in self.messages:
            raise PlatformRefused("message_not_found")
        self.messages[post_id].texts.append(post.text)

    async def delete(self, question: Question, post_id: str) -> None:
        self._fail()
        self.removed.append(post_id)
        self.messages.pop(post_id, None)

    async def find_posts(self, question: Question) -> list[str]:
        self._fail()
        return [number for number, shown in self.messages.items() if shown.key == question.key]

    async def thread(self, question: Question) -> Sequence[Exchange]:
        self._fail()
        return self.said

    def _fail(self) -> None:
        if self.fails and (error := self.fails.pop(0)) is not None:
            raise error


def away() -> PlatformAway:
    return PlatformAway("ratelimited", 0.0)


def make_question(
    number: int = 1, text: str = "how many days?", person: str = "U1", channel: str = "C1", **fields: object
) -> Question:
    place = Place("fake", "T1", channel, thread=f"t{number}")
    return Question(Message(f"m{number}", text, Person(person), place, _SENT), "mention", **fields)  # type: ignore[arg-type]
