"""canned: answers that somebody has approved, for questions that are asked word for word.

Stands before the search: no model and no document has a say. A question that is put in other words goes on.
"""

from datetime import UTC, date, datetime

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from plugins.contract import CallNext, Context, OptionError, Options, Outcome, Plugin, Reply, Turn
from plugins.wording import bare_question


class CannedAnswer(Options):
    """One approved answer."""

    questions: list[str] = Field(min_length=1)
    """As people type them; capitals, punctuation, greetings and thanks do not matter."""
    answer: str = Field(min_length=1)
    """Markdown, sent as it is."""
    audience: list[str] = Field(default_factory=list)
    """Groups, one of which everybody who reads the answer must be in; nobody is left out where none is named."""
    review_by: date | None = None
    """From the day after, the answer is not given any more and the documents are asked."""
    approved_by: str = ""
    """Who stands behind it; shown below the answer."""


_FILE = TypeAdapter(list[CannedAnswer])


class CannedOptions(Options):
    """Where the answers are."""

    file: str = "lists/canned.yaml"
    """A YAML file below settings/: a list of answers."""


class Canned(Plugin[CannedOptions]):
    """Gives the approved answer where there is one."""

    Options = CannedOptions

    def __init__(self, options: CannedOptions, context: Context) -> None:
        super().__init__(options, context)
        try:
            entries = _FILE.validate_python(yaml.safe_load(context.read_file(options.file)) or [])
        except OptionError as error:
            raise OptionError("file", str(error)) from None
        except yaml.YAMLError as error:
            raise OptionError("file", f"{options.file} is no YAML: {' '.join(str(error).split())}") from None
        except ValidationError as error:
            detail = error.errors(include_url=False, include_context=False)[0]
            place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in detail["loc"])
            raise OptionError("file", f"{options.file}: {place or 'it'}: {detail['msg']}") from None
        self._answers: dict[str, list[CannedAnswer]] = {}
        for entry in entries:
            for question in entry.questions:
                self._add(question, entry)
            if entry.review_by is not None and entry.review_by < _today():
                context.log.warning("%r was to be reviewed by %s: not given", entry.questions[0], entry.review_by)

    def _add(self, question: str, entry: CannedAnswer) -> None:
        asked = bare_question(question)
        if not asked:
            raise OptionError("file", f"{self.options.file}: {question!r} has no word in it")
        others = self._answers.setdefault(asked, [])
        if any(set(other.audience) == set(entry.audience) for other in others):
            raise OptionError("file", f"{self.options.file}: {question!r} has two answers for the same audience")
        others.append(entry)

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        entry = self._answer(turn)
        if entry is None:
            return await call_next(turn)
        turn.trace.count("canned: answered")
        turn.trace.note(f"canned: the approved answer to “{entry.questions[0]}”")
        by = f"\n\n*Approved by {entry.approved_by}.*" if entry.approved_by else ""
        return Reply(entry.answer.strip() + by, Outcome("answered"))

    def _answer(self, turn: Turn) -> CannedAnswer | None:
        """The answer that this audience may read; one for a group goes before one for everybody."""
        today, readers = _today(), set(turn.message.audience)
        answers = self._answers.get(bare_question(turn.message.text), ())
        for entry in sorted(answers, key=lambda answer: not answer.audience):
            current = entry.review_by is None or today <= entry.review_by
            if current and (not entry.audience or not readers.isdisjoint(entry.audience)):
                return entry
        return None


def _today() -> date:
    """By the machine's own time zone."""
    return datetime.now(UTC).astimezone().date()
