"""glossary: the company's abbreviations are spelled out before the search.

"how do I get PTO?" is searched, and put before a model, as "how do I get PTO (paid time off)?".
"""

import re
from dataclasses import replace

from pydantic import Field

from plugins.contract import CallNext, Context, OptionError, Options, Outcome, Pieces, Plugin, Reply, Turn
from plugins.everyday_words import EVERYDAY
from plugins.glossary_file import read_glossary
from plugins.wording import plain

_WHAT_IS = re.compile(
    r"\W*(?:what(?: does|['’]s| is)|was (?:heißt|bedeutet)|que (?:signifie|significa)) "
    r"(?P<term>.+?)(?: (?:mean|stand for|short for))?\W*",
    re.I,
)


class GlossaryOptions(Options):
    """Where the abbreviations are, and what the asker sees of it."""

    file: str = "lists/glossary.yaml"
    """Below settings/. YAML: `PTO: paid time off`, or a list of meanings; CSV: a line for each, `PTO,paid time off`."""
    small: list[str] = Field(default_factory=list)
    """Abbreviations that are meant in small letters as well, though they could be words: `IT` is none of these."""
    capitals_only: list[str] = Field(default_factory=list)
    """Abbreviations that are never meant in small letters."""
    show: bool = True
    """Say below an answer how an abbreviation was read, where the answer does not show it."""


class Glossary(Plugin[GlossaryOptions]):
    """Spells abbreviations out, and says what one stands for when that is all that is asked."""

    Options = GlossaryOptions

    def __init__(self, options: GlossaryOptions, context: Context) -> None:
        super().__init__(options, context)
        try:
            self._meanings = read_glossary(options.file, context.read_file(options.file))
        except OptionError as error:
            raise OptionError("file", str(error)) from None
        for option in ("small", "capitals_only"):
            for index, term in enumerate(getattr(options, option)):
                if term not in self._meanings:
                    raise OptionError(f"{option}[{index}]", f"{term!r} is not in {options.file}")
        forms = {term: term for term in self._meanings}
        for term in self._meanings:
            if term in options.small or (term not in options.capitals_only and _is_no_word(term)):
                forms.setdefault(term.lower(), term)
        self._forms = forms
        longest_first = sorted(forms, key=lambda form: -len(form))
        terms = "|".join(map(re.escape, longest_first))
        self._pattern = re.compile(rf"(?<![\w/@.-])(?:{terms})(?![\w@]|[./-]\w)") if terms else None

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        text = turn.message.text
        if reply := self._explained(text):
            turn.trace.note("glossary: answered from the glossary")
            return reply
        expanded, read = self._expanded(text)
        if not read:
            return await call_next(turn)
        shown = "; ".join(f"{term} = {meaning}" for term, meaning in read.items())
        turn.trace.note(f"glossary: {shown}")
        reply = await call_next(turn.with_(message=replace(turn.message, text=expanded)))
        return Reply(pieces=_with_reading(reply, read)) if self.options.show else reply

    def _expanded(self, text: str) -> tuple[str, dict[str, str]]:
        """The text with each abbreviation spelled out where it comes first, and how they were read."""
        read: dict[str, str] = {}
        said = plain(text)

        def spell(match: re.Match[str]) -> str:
            term = self._forms[match.group()]
            meanings = self._meanings[term]
            if term in read or any(plain(meaning) in said for meaning in meanings):
                return match.group()
            read[term] = " or ".join(meanings)
            return f"{match.group()} ({read[term]})"

        return (self._pattern.sub(spell, text) if self._pattern else text), read

    def _explained(self, text: str) -> Reply | None:
        """What an abbreviation stands for; "what is PTO" alone may want more, so it is looked up in the documents."""
        match = _WHAT_IS.fullmatch(text) if len(text) < 200 else None
        asked = match is not None and re.search(r"mean|stand|short|heißt|bedeutet|signifi", text, re.I)
        term = next((term for term in self._meanings if match and match["term"].casefold() == term.casefold()), None)
        if term is None or not asked:
            return None
        return Reply(f"{term}: {' or '.join(self._meanings[term])}.", Outcome("answered"))


async def _with_reading(reply: Reply, read: dict[str, str]) -> Pieces:
    """The reply, with how the question was read where the reply does not say so itself."""
    async for piece in reply:
        yield piece
    said = plain(reply.text)
    unseen = [f"{term} = {meaning}" for term, meaning in read.items() if plain(meaning) not in said]
    if unseen:
        yield f"\n\n*Read as: {'; '.join(unseen)}.*"


def _is_no_word(term: str) -> bool:
    """Whether small letters mean nothing else: `pto`, `gdpr`, but not `it`, `sap`, `care`."""
    small = term.lower()
    if len(small) < 3 or not small.isascii() or not small.isalpha():
        return len(small) >= 3 and any(char.isdigit() for char in small)
    return small not in EVERYDAY if len(small) == 3 else not re.search(r"[aeiouy]", small)
