"""What the assistant itself says around quotes and where it has no answer, in the main languages."""

import re
from collections.abc import Iterator

_NOT_FOUND = "I could not find this in the documents. Please ask {contact}."
_NOT_ANSWERED = "I could not answer this: {reason}. Please ask {contact}."
_NOT_SEARCHED = "I cannot search the documents at the moment: {reason}. Please ask {contact}."
_UNSURE = "I am not sure that the documents answer this. The nearest they say:"
_ONE_SAYS = "This is what “{title}” says:"
_THEY_SAY = "The documents say:"
_NOT_MEANT = "If this is not what you meant, please ask {contact}."
_NO_MODEL = "*No language model could answer ({reason}): these are the documents' own words.*"
_DECLINED = "I cannot help with that. If it matters, please ask {contact}."

_BEGIN = (_NOT_FOUND, _NOT_ANSWERED, _NOT_SEARCHED, _UNSURE, _ONE_SAYS, _THEY_SAY, _DECLINED)
"""A text of the assistant's own begins with one of these; the others follow."""
_WITHOUT_ANSWER = (_NOT_FOUND, _NOT_ANSWERED, _NOT_SEARCHED)

PHRASES: dict[str, dict[str, str]] = {
    _NOT_FOUND: {
        "de": "Das habe ich in den Dokumenten nicht gefunden. Bitte frag {contact}.",
        "fr": "Je ne l'ai pas trouvé dans les documents. Merci de demander à {contact}.",
        "es": "No lo he encontrado en los documentos. Pregunta a {contact}.",
        "it": "Non l'ho trovato nei documenti. Chiedi a {contact}.",
        "pt": "Não encontrei isto nos documentos. Pergunte a {contact}.",
        "nl": "Dit heb ik niet in de documenten gevonden. Vraag het aan {contact}.",
        "pl": "Nie znalazłem tego w dokumentach. Zapytaj: {contact}.",
    },
    _NOT_ANSWERED: {
        "de": "Das konnte ich nicht beantworten: {reason}. Bitte frag {contact}.",
        "fr": "Je n'ai pas pu répondre : {reason}. Merci de demander à {contact}.",
        "es": "No he podido responder: {reason}. Pregunta a {contact}.",
        "it": "Non ho potuto rispondere: {reason}. Chiedi a {contact}.",
        "pt": "Não consegui responder: {reason}. Pergunte a {contact}.",
        "nl": "Dit kon ik niet beantwoorden: {reason}. Vraag het aan {contact}.",
        "pl": "Nie udało mi się odpowiedzieć: {reason}. Zapytaj: {contact}.",
    },
    _NOT_SEARCHED: {
        "de": "Ich kann die Dokumente im Moment nicht durchsuchen: {reason}. Bitte frag {contact}.",
        "fr": "Je ne peux pas chercher dans les documents pour le moment : {reason}. Merci de demander à {contact}.",
        "es": "Ahora mismo no puedo buscar en los documentos: {reason}. Pregunta a {contact}.",
        "it": "Al momento non posso cercare nei documenti: {reason}. Chiedi a {contact}.",
        "pt": "De momento não posso pesquisar nos documentos: {reason}. Pergunte a {contact}.",
        "nl": "Ik kan de documenten op dit moment niet doorzoeken: {reason}. Vraag het aan {contact}.",
        "pl": "Nie mogę teraz przeszukać dokumentów: {reason}. Zapytaj: {contact}.",
    },
    _UNSURE: {
        "de": "Ich bin nicht sicher, ob die Dokumente das beantworten. Am nächsten kommt:",
        "fr": "Je ne suis pas sûr que les documents répondent à cela. Le plus proche :",
        "es": "No estoy seguro de que los documentos respondan a esto. Lo más cercano:",
        "it": "Non sono sicuro che i documenti rispondano. La cosa più vicina:",
        "pt": "Não tenho a certeza de que os documentos respondam a isto. O mais próximo:",
        "nl": "Ik weet niet zeker of de documenten dit beantwoorden. Het dichtst in de buurt komt:",
        "pl": "Nie mam pewności, czy dokumenty na to odpowiadają. Najbliższe fragmenty:",
    },
    _ONE_SAYS: {
        "de": "Das steht in „{title}“:",
        "fr": "Voici ce que dit « {title} » :",
        "es": "Esto dice «{title}»:",
        "it": "Ecco che cosa dice «{title}»:",
        "pt": "Isto é o que diz «{title}»:",
        "nl": "Dit staat in “{title}”:",
        "pl": "Tak mówi „{title}”:",
    },
    _THEY_SAY: {
        "de": "In den Dokumenten steht:",
        "fr": "Les documents disent :",
        "es": "Los documentos dicen:",
        "it": "I documenti dicono:",
        "pt": "Os documentos dizem:",
        "nl": "In de documenten staat:",
        "pl": "Dokumenty mówią:",
    },
    _NOT_MEANT: {
        "de": "Wenn du etwas anderes gemeint hast, frag bitte {contact}.",
        "fr": "Si ce n'est pas ce que vous vouliez dire, demandez à {contact}.",
        "es": "Si no te referías a esto, pregunta a {contact}.",
        "it": "Se non intendevi questo, chiedi a {contact}.",
        "pt": "Se não era isto, pergunte a {contact}.",
        "nl": "Als je iets anders bedoelde, vraag het aan {contact}.",
        "pl": "Jeśli chodziło o coś innego, zapytaj: {contact}.",
    },
    _NO_MODEL: {
        "de": "*Kein Sprachmodell konnte antworten ({reason}): Das ist der Wortlaut der Dokumente.*",
        "fr": "*Aucun modèle de langue n'a pu répondre ({reason}) : ce sont les mots des documents.*",
        "es": "*Ningún modelo de lenguaje pudo responder ({reason}): son las palabras de los documentos.*",
        "it": "*Nessun modello linguistico ha potuto rispondere ({reason}): sono le parole dei documenti.*",
        "pt": "*Nenhum modelo de linguagem pôde responder ({reason}): são as palavras dos documentos.*",
        "nl": "*Geen taalmodel kon antwoorden ({reason}): dit zijn de woorden van de documenten.*",
        "pl": "*Żaden model językowy nie mógł odpowiedzieć ({reason}): to słowa dokumentów.*",
    },
    _DECLINED: {
        "de": "Dabei kann ich nicht helfen. Wenn es wichtig ist, frag bitte {contact}.",
        "fr": "Je ne peux pas aider pour cela. Si c'est important, demandez à {contact}.",
        "es": "No puedo ayudar con eso. Si es importante, pregunta a {contact}.",
        "it": "Non posso aiutare in questo. Se è importante, chiedi a {contact}.",
        "pt": "Não posso ajudar com isso. Se for importante, pergunte a {contact}.",
        "nl": "Daar kan ik niet mee helpen. Als het belangrijk is, vraag het aan {contact}.",
        "pl": "W tym nie mogę pomóc. Jeśli to ważne, zapytaj: {contact}.",
    },
}

SPOKEN = frozenset(PHRASES[_NOT_FOUND])
"""The languages that there are phrases in, besides English."""


def _start(template: str) -> str:
    return template.partition("{")[0]


_STARTS = tuple(map(_start, _BEGIN))
_NO_ANSWER = tuple(_start(text) for english in _WITHOUT_ANSWER for text in (english, *PHRASES[english].values()))


def may_be_own(text: str) -> bool:
    """Whether a text that is still on its way begins, or may come to begin, with the assistant's own words."""
    return any(start.startswith(text) or text.startswith(start) for start in _STARTS)


def says_no_answer(text: str) -> bool:
    """Whether a text says, in any of the languages, that there is no answer."""
    return text.startswith(_NO_ANSWER)


class Phrasebook:
    """Says the assistant's own words in another language; what stands between them keeps its own."""

    def __init__(self, contact: str) -> None:
        self._contact = contact
        self._patterns = [(_pattern(english, contact), texts) for english, texts in PHRASES.items()]

    def translated(self, text: str, language: str) -> str:
        """The text with the phrases in `language`; as it is where there are none."""
        if language not in SPOKEN or not text.startswith(_STARTS):
            return text
        for pattern, texts in self._patterns:
            text = pattern.sub(lambda match, to=texts[language]: self._filled(to, match), text)  # type: ignore[misc]
        return text

    def _filled(self, template: str, match: re.Match[str]) -> str:
        return template.format(**({"contact": self._contact} | match.groupdict()))


def _pattern(template: str, contact: str) -> re.Pattern[str]:
    """Whole lines or their beginnings: a phrase in the middle of a quote is the document's."""
    return re.compile("^" + "".join(_parts(template, contact)), re.MULTILINE)


def _parts(template: str, contact: str) -> Iterator[str]:
    for part in re.split(r"(\{\w+\})", template):
        name = part[1:-1]
        yield (
            re.escape(contact)
            if part == "{contact}"
            else rf"(?P<{name}>.*)"
            if part.startswith("{")
            else re.escape(part)
        )
