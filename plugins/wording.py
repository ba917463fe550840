"""Two ways of writing one thing: what is compared when a question is looked up by its words."""

import re
import unicodedata

from plugins.invisible import visible

_POLITE = frozenset(
    """
    hi hello hey hiya good morning afternoon evening dear all team everyone please pls plz thanks thank you thx cheers
    hallo moin guten tag morgen bitte danke bonjour salut merci svp hola buenos dias gracias ciao buongiorno grazie ola
    bom dia obrigado obrigada hoi goedemorgen alstublieft dank
    """.split()
)
"""What may stand around a question without being a part of it."""
_LEAD = re.compile(
    r"^(?:(?:can|could|would|will) (?:you|someone|anyone) (?:please )?(?:tell me|explain(?: to me)?|say)|do you know"
    r"|i (?:would|d) like to know|id like to know|i want to know|i was wondering|just wondering|quick question"
    r"|(?:das|ich) (?:moechte|mochte) (?:gerne? )?wissen|(?:konnen|kannst) (?:sie|du) mir (?:bitte )?sagen) "
)
_ASKS = frozenset("who what when where which why how if whether wer was wann wo wie warum welche ob".split())


def plain(text: str) -> str:
    """Small words with a blank between them: no capitals, accents, punctuation, invisible or full-width characters."""
    spread = unicodedata.normalize("NFKD", visible(text)).casefold()
    kept = "".join(char for char in spread if not unicodedata.combining(char) and char not in "'’‘`´")
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFC", kept)))


def bare_question(text: str) -> str:
    """The same without greetings, thanks and "can you tell me": what is left says what is asked."""
    words = plain(text).split()
    start, end = 0, len(words)
    while start < end and words[start] in _POLITE:
        start += 1
    while end > start and words[end - 1] in _POLITE:
        end -= 1
    bare = " ".join(words[start:end])
    led = _LEAD.sub("", bare)
    return led if led.split(" ", 1)[0] in _ASKS else bare
