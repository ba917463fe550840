# ruff: noqa: E501 - a line of words a meaning is easier to check than a column of them
"""What a text allows, demands, forbids and excepts: words that turn a statement round when they go missing."""

import re
from dataclasses import dataclass

from plugins.facts.text import fold, sentences

BOUND_NEAR = 34
"""Characters between a number and the word that bounds it."""

_SIGNALS: tuple[tuple[str, str], ...] = (
    ("even", r"even\s+(?:if|when|without|with|though|for|on|in)|with\s+or\s+without|regardless|whether\s+or\s+not|auch\s+(?:wenn|ohne)|meme\s+(?:si|sans)"
             r"|aunque|incluso"),
    ("until", r"(?:no|not)\s+later\s+than"),
    ("bound", r"(?:no|not)\s+(?:more|less|fewer|earlier|longer|shorter|over|under)\s+than|(?:not|never)\s+exceed"),
    # an optional thing, before the negations that it may be made of
    ("optional", r"(?:do|does|did)(?:n['’]?t|\s+not)\s+(?:have|need)\s+to|(?:is|are)(?:n['’]?t|\s+not)\s+(?:required"
                 r"|necessary|mandatory|compulsory|obligatory)|not\s+(?:required|necessary|mandatory|compulsory)|need(?:n['’]?t|\s+not)"
                 r"|no\s+\w+\s+(?:is|are)\s+(?:required|necessary|needed|mandatory)|needs?\s+no|requires?\s+no|no\s+need|no\s+(?:obligation|requirement)|optional(?:ly)?|voluntar(?:y|ily)|up\s+to\s+you|if\s+you\s+(?:like|want|wish)"
                 r"|(?:do|does)(?:n['’]?t|\s+not)\s+need|freiwillig|nicht\s+(?:erforderlich|notwendig|notig)|mussen?\s+(?:\w+\s+){0,4}nicht"
                 r"|facultati(?:f|ve)|optionnel(?:le)?|n['’]est\s+pas\s+(?:obligatoire|necessaire)|opcional|voluntari[oa]"
                 r"|no\s+(?:es\s+)?(?:obligatori[oa]|necesari[oa])|no\s+(?:tiene[ns]?|hay)\s+que"),
    # only with, only if; "not without" and "not unless" say the same
    ("only", r"(?:not|\w+n['’]t|cannot|can['’]?t|never|no\s+\w+)\b[^.!?;\n]{0,80}?\b(?:without|unless|until|except)"
             r"|only|solely|exclusively|nobody\s+but|no\s+one\s+but|no\s+one\s+other\s+than|none\s+but"
             r"|(?:unless|without)\s+[^.!?;\n]{3,60}?(?:,\s*|\s)(?:you\s+)?(?:can['’]?t|cannot|must\s+not|may\s+not|are\s+not|is\s+not)"
             r"|nur|ausschliesslich|ausschließlich|lediglich|seulement|uniquement|exclusivement|solo|solamente|unicamente"),
    ("except", r"unless|(?:anywhere|everywhere|everyone|everything|all|any)\s+but|just\s+not|except(?:ions?|ing)?|exclud(?:es?|ing|ed)|apart\s+from|other\s+than|save\s+for|with\s+the\s+exception"
               r"|aside\s+from|but\s+not|ausser|außer|es\s+sei\s+denn|ausgenommen|sauf|excepte|hormis|a\s+moins\s+que|salvo|excepto"
               r"|a\s+menos\s+que"),
    ("should", r"should(?!\s+(?:you|your|anyone|anything|something|somebody|someone|i|it|they|he|she|there)\b)(?:n['’]t)?|ought|recommend\w*|advis(?:ed|able)|best\s+to|good\s+(?:idea|practice)"
               r"|we\s+suggest|ideally|preferably|better\s+to|encouraged?|sollten?|sollen|soll|solltest|empfohlen|empfehl\w+"
               r"|devrai(?:t|ent|s)|devriez|conseille\w*|recommande\w*|deberia[ns]?|recomend\w+|conviene"),
    ("must", r"must(?!\s*(?:not|n['’]t)\b)|ha(?:ve|s|ving)\s+to|ha(?:ve|s)\s+got\s+to|got\s+to|gotta|(?:are|is|be)\s+to\s+be|shall(?!\s+not)"
             r"|(?<!if\syou\s)(?<!when\syou\s)(?<!once\syou\s)(?<!you\smay\s)(?<!anything\syou\s)(?<!no\s)need(?:s|ed)?\b(?!\s+(?:help|more|another|one))"
             r"|requir(?:ed|es?|ing|ement)|mandatory|compulsory|obligat(?:ory|ed)|necessary|is\s+due|are\s+due|make\s+sure|be\s+sure"
             r"|essential|a\s+must|muss|mussen|musst|verpflicht\w+|erforderlich|pflicht\w*|zwingend|doi(?:t|vent|s)|devez"
             r"|il\s+faut|obligatoire\w*|necessaire|exige\w*|requis\w*|debe[ns]?|hay\s+que|tiene[ns]?\s+que|obligatori[oa]\w*|necesari[oa]"
             r"|requiere\w*|imprescindible"),
    ("not", r"not|n['’]t|cannot|cant|never|no(?!\s*\.\s*\d)|none|nothing|nobody|nowhere|neither|nor|without|forbid(?:s|den)?|prohibit\w*|banned"
            r"|refus\w+|den(?:y|ies|ied)|unable|impossible|ineligible|invalid|unavailable|rejected|off[\s-]limits|lacks?|fail(?:s|ing)?"
            r"|stop\s+short|rather\s+than|instead\s+of|nicht|kein\w*|nie(?:mals|mand)?|ohne|weder|verboten|untersagt|unzulassig"
            r"|pas|jamais|aucune?|sans|rien|ni|interdit\w*|non|nunca|jamas|sin|ningun\w*|tampoco|nadie|prohibid[oa]\w*"),
    ("before", r"before(?:hand)?|prior\s+to|ahead\s+of|in\s+advance|ahead|earlier\s+than|vor|bevor|vorher|avant|antes"),
    ("after", r"after(?:wards)?|following|later|vorbei|nach|nachdem|apres|despues|tras"),
    ("until", r"by(?=\s*\x00|\s+(?:the|end|then|close)\b)|until|till|no\s+later\s+than|at\s+the\s+latest|latest|deadline|due"
              r"|bis|spatestens|jusqu['’]\w*|au\s+plus\s+tard|d['’]ici|hasta|a\s+mas\s+tardar"),
    ("from", r"from(?=\s*\x00|\s+(?:the|day|next|then)\b)|starting|as\s+of|since|onwards?|ab|seit|a\s+partir|depuis|desde"),
)  # fmt: skip
_PATTERNS = tuple((kind, re.compile(rf"(?<![\w'’])(?:{pattern})(?!\w)|(?<=\w)n['’]t\b" if kind == "not" else
                                    rf"(?<![\w'’])(?:{pattern})(?!\w)", re.I)) for kind, pattern in _SIGNALS)  # fmt: skip
_BOUNDS: tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (
        kind,
        re.compile(rf"(?<!\w)(?P<bound>{before})(?!\w)[\s\w'’£€$]{{0,12}}$", re.I),
        re.compile(rf"^[\s\w]{{0,14}}?\b(?:{after})(?!\w)", re.I),
    )
    for kind, before, after in (
        ("at most", r"(?:no|not)\s+(?:more|longer|later)\s+than|(?:not|n['’]t|never)\s+(?:go\s+(?:over|above|beyond)|exceed)|never\s+more\s+than"
                    r"|at\s+most|up\s+to|(?:a\s+)?max(?:imum)?(?:\s+of)?|limit(?:ed)?(?:\s+(?:of|is|to))?|cap(?:ped)?(?:\s+(?:of|is|at))?"
                    r"|within|inside|in\s+under|hochstens|maximal|bis\s+zu|innerhalb(?:\s+von)?|(?:au\s+)?maximum|au\s+plus|jusqu['’]a|dans\s+(?:les|un\s+delai\s+de)"
                    r"|sous|como\s+maximo|maximo(?:\s+de)?|hasta|en\s+un\s+plazo\s+de|dentro\s+de(?:\s+los)?|binnen|not\s+over",
         r"at\s+(?:the\s+)?most|max(?:imum)?|or\s+(?:less|fewer)|tops|at\s+the\s+latest|and\s+no\s+more|hochstens|au\s+plus|maximum|como\s+maximo"),
        ("at least", r"at\s+least|(?:no|not)\s+(?:less|fewer|shorter|earlier)\s+than|(?:a\s+)?min(?:imum)?(?:\s+of)?|mindestens|wenigstens"
                     r"|au\s+moins|minimum|al\s+menos|como\s+minimo|minimo(?:\s+de)?",
         r"or\s+(?:more|longer|above|over)|at\s+(?:the\s+)?least|min(?:imum)?|and\s+up|upwards|oder\s+mehr|ou\s+plus|o\s+mas|au\s+moins|como\s+minimo"),
        ("over", r"over", r"$^"),
        ("more than", r"more\s+than|above|exceed(?:s|ing)?|longer\s+than|beyond|mehr\s+als|uber|plus\s+de|mas\s+de|goes\s+past", r"$^"),
        ("less than", r"less\s+than|fewer\s+than|under|below|shorter\s+than|weniger\s+als|unter|moins\s+de|menos\s+de", r"$^"),
        ("about", r"about|around|roughly|approximately|approx\.?|some|nearly|almost|etwa|ca\.?|rund|ungefahr|environ|aproximadamente|unos", r"or\s+so"),
    )
)  # fmt: skip
_RANGE = re.compile(r"\b(?:from|between|von|zwischen|de|entre)\s*\x00+\s*(?:up\s+)?(?:to|and|bis|und|a|et|y)\s*$", re.I)
_IMPERATIVE = re.compile(
    r"(?:^|[.!?:;,\n]|\b(?:and|then|please|just|so|-|•))\s*(?:\d+[.)]\s*|[*_•-]\s*)*(?:please\s+|just\s+|then\s+|always\s+|simply\s+)*"
    r"(?:ask|book|send|submit|fill|lock|call|report|tell|use|keep|get|give|hand|return|contact|sign|complete|attach|bring|wear|wait"
    r"|check|log|file|claim|change|set|restart|install|open|close|pick|choose|let|put|take|request|apply|email|e-mail|write|notify"
    r"|inform|add|enter|register|turn|upload|include|renew|pay|show|make|leave|run|go|raise|drop|remember|store|delete|read|switch"
    r"|update|connect|do|don['’]t|never|no|mind|grab|ring|ping|encrypt|back)\b",
    re.I,
)
_UN = re.compile(r"\b(?:un|in|im|non-?|dis)([a-z]{4,})\b", re.I)
_UN_WORDS = frozenset(
    """paid used taken approved authorised authorized signed locked secured insured planned limited known available
    eligible possible valid able complete correct allowed encrypted protected attended opened safe lawful necessary
    fair taxable refundable transferable binding working essential urgent related""".split()
)


@dataclass(frozen=True, slots=True)
class Signal:
    """One such word or phrase."""

    kind: str
    begin: int
    end: int


def signals(text: str, rest: str) -> list[Signal]:
    """All of them in order; `rest` is the text with its facts blanked. A phrase is read once."""
    left = fold(rest)
    found = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(left):
            found.append(Signal(kind, match.start(), match.end()))
        left = pattern.sub(lambda match: "\x01" * len(match[0]), left)
    return sorted(found, key=lambda signal: signal.begin)


def bound(rest: str, begin: int, end: int) -> str:
    """Whether a number is an upper or a lower limit, by the words around it."""
    before = re.split(r"[.!?;,\n]", fold(rest[max(0, begin - BOUND_NEAR) : begin]))[-1]
    after = re.split(r"[.!?;,\n\x00]", fold(rest[end : end + 24]))[0]
    if _RANGE.search(before):
        return ""
    before = before.rpartition("\x00")[2]
    found = [
        (match.end("bound"), match.end("bound") - match.start("bound"), kind)
        for kind, pattern, _ in _BOUNDS
        if (match := pattern.search(before))
    ]
    if found:
        return max(found)[2]  # the nearest, and of those the longest: `no less than` is not `less than`
    return next((kind for kind, _, pattern in _BOUNDS if pattern.search(after)), "")


def imperatives(text: str) -> int:
    """About how many requests a text makes without saying must."""
    return sum(len(_IMPERATIVE.findall(fold(text[begin:end].strip()))) for begin, end in sentences(text))


def asks(word: str) -> bool:
    """Whether a sentence that begins with this word is a request."""
    return _IMPERATIVE.fullmatch(word) is not None


def un_words(one: str, other: str) -> bool:
    """Whether a negating syllable of one text (`unused`) may have become a word of the other (`not used`)."""
    stems = (match[1].casefold() for match in _UN.finditer(one))
    return any(stem in _UN_WORDS and re.search(rf"\b{stem[:4]}", other, re.I) for stem in stems)


def turned(draft: str, rewrite: str) -> str:
    """A word whose negating syllable has gone or come (`unpaid`, `paid`); empty where there is none."""
    for one, other in ((draft, rewrite), (rewrite, draft)):
        for match in _UN.finditer(one):
            stem = match[1].casefold()
            if stem not in _UN_WORDS or re.search(rf"\b{re.escape(match[0])}\b", other, re.I):
                continue
            bare = re.search(rf"\b{stem}\b", other, re.I)
            if bare and not re.search(rf"\b{stem}\b", one, re.I):
                near = other[max(0, bare.start() - 40) : bare.start()]
                if not re.search(r"n['’]t\b|\b(?:not|never|no|without|yet)\b", near, re.I):
                    return match[0].casefold()
    return ""
