"""`/deskhand` on every platform: what an administrator can ask and do in the chat."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bots.desk import Desk
from bots.inbox import Entry, Inbox
from plugins.contract import Person, Place
from plugins.declarations import Command, CommandCall

USAGE = "`status`, `reindex`, `why` and the link to an answer, `pause`, `resume`"


PluginCommand = Callable[[str, CommandCall], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who typed a command, where, and whether they are an administrator."""

    person: Person
    place: Place
    administrator: bool


_DENIED = "Only administrators may do this (bots.yaml: administrators)."


@dataclass(frozen=True, slots=True)
class Administration:
    """What the wiring hands to the bots: texts for people, in Markdown."""

    status: Callable[[], Awaitable[str]]
    """The documents, the index and when it was last brought up to date."""
    reindex: Callable[[str], Awaitable[str]]
    """Start a run for the person named, and say so."""
    knowledge: Callable[[Sequence[str]], Awaitable[str]]
    """What somebody in these groups can ask about: of other documents not even the number."""
    command: PluginCommand | None = None
    """Calls a command of a plugin; None of its name raises LookupError."""
    commands: Callable[[], Mapping[str, Command]] = dict
    """The commands of the plugins in force."""


class AdministrationCommand:
    """Does what is typed behind `/deskhand`. Who may type it is the adapter's business."""

    def __init__(self, administration: Administration, desk: Desk, inbox: Inbox) -> None:
        self._administration = administration
        self._desk = desk
        self._inbox = inbox

    async def knowledge(self, groups: Sequence[str]) -> str:
        """What the assistant knows, for somebody in these groups."""
        return await self._administration.knowledge(groups)

    async def run(
        self, text: str, by: str, find: Callable[[str], Awaitable[Entry | None]], caller: Caller | None = None
    ) -> str:
        """The answer to show. `find` gives the question that a link to one of its posts stands for.

        Without a `caller` it is an administrator's, and none of a plugin's commands.
        """
        verb, _, rest = text.strip().partition(" ")
        if verb.lower() == "help":
            return self._help(caller is None or caller.administrator)
        if caller is not None:
            own = self._administration.commands().get(verb.lower())
            if not caller.administrator and (own is None or own.administrators):
                return _DENIED
            if own is not None and self._administration.command is not None:
                return await self._administration.command(
                    own.name, CommandCall(rest.strip(), caller.person, caller.place)
                )
        match verb.lower():
            case "status" | "":
                return await self._status()
            case "reindex":
                return await self._administration.reindex(by)
            case "pause" | "resume":
                self._desk.paused = verb.lower() == "pause"
                return (
                    "Paused: questions are told so until `/deskhand resume`."
                    if self._desk.paused
                    else "Questions are answered again."
                )
            case "why":
                entry = await find(rest.strip()) if rest.strip() else None
                return _why(entry) if entry else "That is no answer of mine: copy the link to one of my messages."
        more = "".join(f", `{name}`" for name in self._administration.commands())
        return f"There is no `{verb}`: write {USAGE}{more}."

    def _help(self, administrator: bool) -> str:
        """A line for each command that the caller may use."""
        commands = self._administration.commands().values()
        lines = [f"- `{own.name}`: {own.description}" for own in commands if administrator or not own.administrators]
        lines += [f"- of Deskhand: {USAGE}"] if administrator else []
        return "\n".join(lines) or "There is no command for you."

    async def _status(self) -> str:
        counts = await self._inbox.counts()
        questions = ", ".join(f"{number} {state}" for state, number in sorted(counts.items())) or "none yet"
        lines = [await self._administration.status(), f"Questions: {questions}; {self._desk.open_questions} open now"]
        if self._desk.paused:
            lines.append("**Paused** by an administrator")
        return "\n".join(lines)


def _why(entry: Entry) -> str:
    lines = [f"“{entry.question.message.text}”", f"Status: {entry.status or entry.state}"]
    if entry.reason:
        lines.append(f"Reason: {entry.reason}")
    if entry.why:
        lines.append(entry.why)
    return "\n".join(lines)


_POST_IN_LINK = re.compile(r"/archives/(?P<channel>[A-Z0-9]+)/p(?P<seconds>\d+)(?P<micros>\d{6})")


def post_of_slack_link(link: str) -> tuple[str, str] | None:
    """Channel and time stamp of the message that a permanent link leads to."""
    match = _POST_IN_LINK.search(link)
    return (match["channel"], f"{match['seconds']}.{match['micros']}") if match else None
