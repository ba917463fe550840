"""What a chat platform has to offer so that the desk can answer there.

A new platform is a class that implements `Platform` (about 200 lines) and turns events into
`Question`s; the inbox, the line, delivery and formatting are shared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from plugins import Exchange, Message, Outcome

Kind = Literal["mention", "direct", "command", "follow_up", "channel"]
"""How it was asked: `channel` is a question to nobody, answered only where the evidence is good."""


@dataclass(frozen=True, slots=True)
class Question:
    """A message that wants an answer. `id` is its number in the inbox, 0 until it is recorded.

    `private` is true where only the asker is to see the answer. `reply_to` is whatever the platform
    needs to answer there (an interaction's token, say); it is kept with the question.
    """

    message: Message
    kind: Kind = "direct"
    private: bool = False
    reply_to: str = ""
    id: int = 0

    @property
    def key(self) -> str:
        """The mark by which posts of this question's answer are found again on the platform."""
        return f"deskhand-{self.id}"


@dataclass(frozen=True, slots=True)
class Post:
    """One message of an answer. `number` counts from 0.

    `final` says that it will not change any more; `outcome` comes with the last post of a finished answer.
    """

    text: str
    number: int = 0
    final: bool = False
    outcome: Outcome | None = None


def answers(outcome: Outcome) -> bool:
    """Whether the asker has an answer; else a person is the way on."""
    return outcome.status in ("answered", "degraded")


@dataclass(frozen=True, slots=True)
class Pace:
    """What a platform bears. `characters` a post; seconds between posts in a channel and between edits.

    `status_seconds` is how long it shows that something is being worked on; None is until it is told otherwise.
    `status_words` is whether it shows what is being done.
    """

    characters: int
    post_seconds: float = 1.0
    edit_seconds: float = 1.0
    status_seconds: float | None = None
    status_words: bool = True


class PlatformError(Exception):
    """A request to a platform that failed; the text says why, without any secret."""


@dataclass
class PlatformAway(PlatformError):
    """The platform is away or overloaded: the same request may succeed after `seconds`."""

    reason: str
    seconds: float = 1.0

    def __str__(self) -> str:
        return self.reason


@dataclass
class PlatformRefused(PlatformError):
    """The platform will never accept this: the channel is gone, a permission is missing.

    `code` is the platform's own number for it, where it has one.
    """

    reason: str
    code: int = 0

    def __str__(self) -> str:
        return self.reason


class Platform(Protocol):
    """A connection to one workspace or guild of a chat platform. `name` is unique among the open ones.

    The methods raise PlatformAway or PlatformRefused, and nothing else.
    """

    name: str
    pace: Pace

    def streams(self, question: Question) -> bool:
        """Whether an answer there can be shown while it is being written."""

    async def with_groups(self, message: Message) -> Message:
        """The message with the groups of its person and of everyone who reads its place.

        Raises nothing: what cannot be found out is left empty, and only public documents are used.
        """

    async def show_working(self, question: Question, status: str) -> None:
        """Let the asker see that the question is being worked on; an empty status ends it."""

    async def post(self, question: Question, post: Post) -> str:
        """Send a message that carries `question.key`; returns the platform's id for it."""

    async def edit(self, question: Question, post_id: str, post: Post) -> None:
        """Make a message that was sent before read as `post`."""

    async def delete(self, question: Question, post_id: str) -> None:
        """Remove a message that was sent before; one that is gone already is no error."""

    async def find_posts(self, question: Question) -> list[str]:
        """Ids of the messages that carry `question.key`, oldest first: what a crash left unrecorded."""

    async def thread(self, question: Question) -> Sequence[Exchange]:
        """What was said in the thread before the question, oldest first."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it was delivered, for feedback and `why`."""

    question: Question
    posts: tuple[str, ...]
    text: str
    outcome: Outcome = field(default_factory=Outcome)
