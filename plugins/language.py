"""language: answers in the asker's language, with a model and without one.

A model is told which language to answer in. What the assistant says itself ("I could not find this in the
documents") is said in the main languages. Quotes keep the language of their document.

Stands inside `persona`, which writes the prompt that this step adds to, and outside `rag`.
"""

from dataclasses import replace

from pydantic import Field

from plugins.contract import CallNext, Context, Options, Pieces, Plugin, Replace, Reply, Turn
from plugins.language_detection import language_of
from plugins.phrases import SPOKEN, Phrasebook, may_be_own
from plugins.prompt import ChatMessage
from settings.errors import ModelError

ROUTE = "translate"

_NAMES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian",
    "zh": "Chinese",
}  # fmt: skip

_LONGEST = 1000


class LanguageOptions(Options):
    """Which languages, and which one the documents are in."""

    default: str = Field("en", pattern=f"^(?:{'|'.join(_NAMES)})$")
    """Where a question does not tell its language (ISO 639-1)."""
    only: list[str] = Field(default_factory=list)
    """Answer in these; a question in another is answered in the default. Every language where none is given."""
    documents: str | None = Field(None, pattern=f"^(?:{'|'.join(_NAMES)})$")
    """Language of the documents: a question in another is translated for the search, by the route `translate`."""
    seconds: float = Field(4, gt=0, le=30)
    """Longest wait for the translation; the question is searched as typed then."""


class Language(Plugin[LanguageOptions]):
    """Has the answer given in the language of the question."""

    Options = LanguageOptions

    def __init__(self, options: LanguageOptions, context: Context) -> None:
        super().__init__(options, context)
        self._phrases = Phrasebook(context.contact)

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        asked_in = self._asked_in(turn)
        language = asked_in if not self.options.only or asked_in in self.options.only else self.options.default
        turn.trace.note(f"language: answered in {_NAMES[language]}")
        system = (*turn.prompt.system, f"Answer in {_NAMES[language]}.")
        inner = turn.with_(prompt=replace(turn.prompt, system=system))
        if self.options.documents not in (None, asked_in):
            inner = await self._translated(inner)
        reply = await call_next(inner)
        return Reply(pieces=self._spoken(reply, language)) if language in SPOKEN else reply

    def _asked_in(self, turn: Turn) -> str:
        """The language of the question, or of an earlier one where it has too few words."""
        asked = [exchange.text for exchange in turn.history if exchange.role == "user"]
        told = (language_of(text) for text in (turn.message.text, *reversed(asked)))
        return next((language for language in told if language), self.options.default)

    async def _translated(self, turn: Turn) -> Turn:
        """The turn with its question in the documents' language, where a model can do that."""
        models, text = self.context.models, turn.message.text
        if not models.configured(ROUTE) or len(text) > _LONGEST:
            return turn
        task = f"Translate the question to {_NAMES[self.options.documents or 'en']}. Reply with the translation alone."
        messages: list[ChatMessage] = [{"role": "system", "content": task}, {"role": "user", "content": text}]
        try:
            done = await models.complete(ROUTE, messages, turn, seconds=self.options.seconds)
        except ModelError:
            return turn  # every attempt is in the trace, with its reason
        said = done.text.strip()
        if not said or done.spent.cut or len(said) > 3 * len(text) + 100:
            return turn
        turn.trace.note(f"language: searched as “{said}”")
        return turn.with_(message=replace(turn.message, text=said))

    async def _spoken(self, reply: Reply, language: str) -> Pieces:
        """The reply as it comes; held back for as long as it may be the assistant's own words."""
        held, own, again = "", True, False
        async for piece in reply:
            if isinstance(piece, Replace):
                held, own, again = piece.text, True, True
            elif own:
                held += piece
            else:
                yield piece
                continue
            if not (own := may_be_own(held)):
                yield Replace(held) if again else held
                again = False
        if own and held:
            said = self._phrases.translated(held, language)
            yield Replace(said) if again else said
