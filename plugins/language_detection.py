"""Which language a question is written in, well enough to choose a route by.

Scripts that one language has to itself decide at once. Among the languages of one script the function
words decide: every sentence of more than a few words holds some, and they hardly overlap (the method of
Grefenstette, "Comparing two language identification schemes", 1995). Letters that only some of the
languages write count half a word. A text that tells nothing is of no known language: a rule does not fit
then, and the usual route is taken.
"""

import re
import unicodedata
from collections import Counter

_SCRIPTS = {
    "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "GREEK": "el", "HEBREW": "he", "ARABIC": "ar",
    "THAI": "th", "DEVANAGARI": "hi",
}  # fmt: skip

_WORDS = {
    "cs": "a je jak jsem jsou kde kdo kdy kolik která který mám mi můžu mohu na nebo nejsou není o od po pokud pro při "
    "proč se si s k do ve v že co to bych být mám svou svůj za kolika jaké jaký jaká",
    "da": "af at den der det du en er et for fra har hvad hvem hvis hvor hvordan hvorfor hvornår i ikke jeg kan mange "
    "med mig min mit og om på skal så til vi vil få får hvilke hvilken være bliver ud mine",
    "de": "aber als an auf aus bei bin das dem den der des die ein eine einem einen einer er es für gibt habe haben "
    "ich im in ist kann man mein meine meinen mich mir mit muss nach nicht noch oder sich sie sind soll "
    "über um und von vor wann warum was welche welcher wenn wer werden wie wieviel wie viele wir wird wo zu zum zur",
    "en": "a about am an and any are as at be by can could do does for from get has have how i if in is it long many "
    "me much must my not of on or our should that the there they this to us was we what when where which who "
    "whom why will with would you your",
    "es": "a al como cómo con cuál cuáles cuando cuándo cuánto cuántos cuántas de debo del dónde donde el ella en "
    "es está están hay la las lo los me mi mis no o para pero por puedo que qué quién se ser si sin sobre son su "
    "tengo tiene un una y yo",
    "fi": "ei että en ja jos kanssa kenelle kenen kuinka kuka kun kuin me mikä miksi milloin minä minun missä mitä "
    "mihin miten mistä monta on ole olen olla ovat pitää saa saan se sekä tai täytyy voi voin voinko voiko onko",
    "fr": "à ai au aux avec ce ces combien comment dans de des du elle en est et être il ils j je l la le les ma mais "
    "mes moi mon ne n notre nous on ou où par pas pour pourquoi puis qu quand que quel quelle quelles quels qui sa "
    "se ses si son sont sur suis un une vous y c d s est-ce dois peut",
    "hu": "a az egy és hogy hogyan hol ha hány is kell ki kik lehet le meg mely melyik mennyi mi miért mikor milyen "
    "mit nem nekem van vagy vagyok vannak tudok tudom kapok ez el csak szerint",
    "it": "a ai al alla anche che chi ci come con cosa cui da dal dalla dei del della delle devo di dove due e è gli "
    "ha ho i il in io la le lo ma mi mia mie miei mio nei nel nella non o per perché posso qual quale quali quando "
    "quanti quante quanto se si sono su sul tra un una uno",
    "nl": "aan als ben bij dat de deze die dit een en er had heb hebben heeft het hier hoe hoeveel hun ik in is kan "
    "krijg maar mag me met mij mijn moet na naar niet nog of om onze ook op over te tot uit van veel voor waar "
    "waarom wanneer wat we welke wie wij worden wordt zijn zou",
    "no": "av at den der det du en er et for fra har hva hvem hvis hvor hvordan hvorfor når i ikke jeg kan mange med "
    "meg min mitt og om på skal så til vi vil få får hvilke hvilken være blir ut mine noe noen etter",
    "pl": "a albo by być czy co dla do gdzie ile i ja jak jaka jaki jakie jest jeśli kiedy kto która które który "
    "mam mi moja mogę mój można muszę na nie o od oraz po przez są się swój to w we z za ze że dni",
    "pt": "a ao aos as com como da das de devo do dos e é ela ele em está eu foi há isso meu meus minha minhas na nas "
    "não no nos o onde os ou para pela pelo por porque posso qual quais quando quanto quantos quantas que quem se "
    "sem ser são sua tem tenho um uma",
    "ro": "a ai al am ar are ca când care cât câte câți ce cine cu cum de deci din după e este eu în îmi și la mai "
    "mea meu mele nu o pe pentru poate pot prin sau se sunt să trebuie un unde unei în fi am",
    "sv": "att av den det du där efter en ett eller är för från får få ha har hos hur hör i inte jag kan man med mig "
    "min mina mitt många mycket måste när och om på ska skall som så till ut vad var varför vart vem vi vilka "
    "vilken vill finns",
    "tr": "ama benim ben bir bu çok da daha de değil gibi hangi için ile ise kaç kadar kim mi mı mu mü nasıl ne "
    "neden nerede nereye o olarak ve veya var ya yok zaman miyim mıyım gerekir gerekiyor olur",
    "ru": "а без бы в вам вас ваш все где да для до его если есть и из или их к как какие какой когда кого кому кто "
    "ли меня мне можно могу мой моя мы на не нет но о об он они от по почему при с сколько со так то у уже что "
    "чтобы это я",
    "uk": "а але без би в вас ви від він вона вони все де до є за з зі і із її його або як яка які який коли кого "
    "кому мені мене можна можу мій моя ми на не ні та те то у хто це ця чи чому що щоб я скільки про при треба",
}  # fmt: skip

_FUNCTION_WORDS = {language: frozenset(words.split()) for language, words in _WORDS.items()}

_LETTERS = {
    "cs": "ěřůť", "da": "æø", "de": "ß", "es": "ñ¿¡", "fr": "çœ", "hu": "őű", "no": "æø", "pl": "łąęśźżń", "pt": "ãõç",
    "ro": "țșţş", "ru": "ыэёъ", "tr": "ğış", "uk": "іїєґ",
}  # fmt: skip

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LEAST = 2
"""One function word; a letter alone says too little."""


def language_of(text: str) -> str | None:
    """ISO 639-1 code of the text's language, None where it cannot be told."""
    words = _WORD.findall(unicodedata.normalize("NFC", text).lower())
    scripts = Counter(_script(char) for word in words for char in word)
    if scripts and (own := _own_script(scripts)):
        return own
    scores = {language: 2 * sum(word in known for word in words) for language, known in _FUNCTION_WORDS.items()}
    for language, letters in _LETTERS.items():
        if any(letter in word for word in words for letter in letters) or any(sign in text for sign in letters):
            scores[language] += 1
    best, second = sorted(scores, key=lambda language: -scores[language])[:2]
    return best if scores[best] >= _LEAST and scores[best] > scores[second] else None


def _own_script(scripts: Counter[str]) -> str | None:
    """The language whose script most of the text is written in; Chinese characters among kana are Japanese."""
    found: Counter[str] = Counter()
    for script, count in scripts.items():
        if script in _SCRIPTS:
            found[_SCRIPTS[script]] += count
    if sum(found.values()) * 2 <= scripts.total():
        return None
    return "ja" if found["ja"] else found.most_common(1)[0][0]


def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]
