"""Text that speaks to a model instead of to people, openly or hidden.

Signs are counted within a block. One alone may be a sentence about such attacks, or an old memo that
asks to disregard an earlier one; two together, or one that was hidden, are no accident. What stands in
quotation marks or in code is told of, and never severe: awareness training quotes attacks.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator

from knowledge.lint.findings import Finding, Subject

_EARLIER = r"(?:previous|prior|preceding|above|earlier|former|existing|original|system|initial)"
_ORDERS = r"(?:instructions?|prompts?|directions?|directives?|commands?|guidelines|rules|context|messages?)"
_OVERRIDE = re.compile(
    rf"\b(?:ignore|disregard|forget|override|bypass|do not follow|stop following)\s+(?:(?:all|any|every|the|your"
    rf"|my|of|these|those)\s+){{0,4}}"
    rf"(?:{_EARLIER}\s+(?:and\s+\w+\s+)?(?:\w+\s+)?)?{_ORDERS}\b(?:\s+(?:above|before|you (?:were|have been) given))?"
    r"|\bignorier\w*\s+(?:\w+\s+){0,3}(?:vorherig|bisherig|vorangegangen|obig|früher"
    r"|vorig)\w*\s+(?:\w+\s+)?(?:anweisung|instruktion|anordnung|befehl|prompt|regel)\w*"
    r"|\bvergiss\s+(?:\w+\s+){0,3}(?:anweisung|instruktion|regel|befehl)\w*"
    r"|\b(?:ignore[zr]?|oublie[zr]?|ne ten\w+ pas compte)\s+(?:de\s+)?(?:toutes\s+)?(?:les|tes|vos"
    r"|des)\s+(?:instructions|consignes|directives|règles)(?:\s+(?:précédent|antérieur|ci-dessus)\w*)?"
    r"|\b(?:ignor[ae]\w*|olvid[ae]\w*)\s+(?:todas?\s+)?(?:las?|tus|sus|os|as)\s+(?:instrucciones|indicaciones"
    r"|órdenes|reglas)(?:\s+(?:anteriores|previas))?"
    r"|\b(?:ignora\w*|dimentica\w*)\s+(?:tutte\s+)?(?:le|tue)\s+(?:\w+\s+)?(?:istruzioni|indicazioni"
    r"|regole)(?:\s+precedenti)?"
    r"|\b(?:ignore|esqueça|desconsidere)\s+(?:todas\s+)?(?:as|suas)\s+(?:instruções|regras)(?:\s+(?:anteriores"
    r"|prévias))?"
    r"|\b(?:negeer|vergeet)\s+(?:alle\s+)?(?:de\s+|je\s+)?(?:vorige|eerdere|voorgaande"
    r"|bovenstaande)\s+(?:instructies|opdrachten|regels)"
    r"|\b(?:zignoruj|ignoruj|zapomnij)\s+(?:o\s+)?(?:wszystki\w+\s+)?(?:poprzedni\w+"
    r"|wcześniejsz\w+)\s+(?:instrukcj|poleceni|wskazówk)\w*"
    r"|(?:игнорируй|проигнорируй|забудь)\w*\s+(?:все\s+)?(?:предыдущие|прежние|прошлые)\s+(?:инструкции|указания"
    r"|команды)"
    r"|(?:önceki|yukarıdaki)\s+(?:tüm\s+)?(?:talimat|komut|yönerge)\w*\s+(?:yok say|göz ardı et|unut)"
    r"|(?:忽略|无视|忘记|忽視|無視)(?:掉|你)?(?:之前|以前|先前|前面|上面|以上|所有|全部|的)+(?:指令|指示|说明|提示|規則|规则|命令)"
    r"|(?:以前|これまで|上記|前)の(?:すべての|全ての)?(?:指示|命令|プロンプト)を?(?:すべて|全て)?(?:無視|忘れ)"
    r"|(?:이전|위의|앞의)\s*(?:모든\s*)?(?:지시|명령|지침)\S*\s*(?:모두\s*)?(?:무시|잊)"
    r"|(?:تجاهل|انس)\s+(?:جميع\s+|كل\s+)?(?:التعليمات|الأوامر)\s+(?:السابقة)?",
    re.I,
)
_HINTS = (
    "ignor", "disregard", "forget", "overrid", "bypass", "not follow", "stop following", "vergiss", "vergeet",
    "oubli", "pas compte", "olvid", "dimentic", "esque", "desconsider", "negeer", "zapomnij", "игнор", "забуд",
    "yok say", "göz ardı", "unut", "忽", "无视", "忘", "無視", "무시", "잊", "تجاهل", "انس", "llm", "language model",
    "chatbot", "chat-bot", "gpt", "claude", "gemini", "copilot", "assistant", "sprachmodell", "modèle",
    "modelo", "you are now", "bist jetzt", "bist nun", "maintenant", "ahora", "from now on", "pretend",
    " mode", "<|", "[inst", "[/inst", "<<sys", "<</sys",
)  # fmt: skip
_SHORT_HINTS = re.compile(r"\b(?:ai|a\.i\.|ki|ia)s?\b")
"""Without one of these a text need not be looked at closely."""
_UNMISTAKABLE = re.compile(
    r"^(?:ignore|ignorier\w*|忽略|无视)\s+(?:all|any|your|alle?)\b|^ignore (?:the )?(?:previous|above)|[一-龯가-힣а-я]",
    re.I,
)
_MODEL = (
    r"(?:AI|A\.I\.|LLM|language model|large language model|chat-?bot|(?:AI|virtual|digital) (?:assistant|agent"
    r"|model)|GPT|"
    r"ChatGPT|Claude|Gemini|Copilot|KI|Sprachmodell|IA|modèle de langue|modelo de lenguaje)"
)
_ADDRESSED = re.compile(
    rf"\b(?:note|attention|message|instructions?|hinweis|important)\s+(?:to|for|an|à|para)\s+(?:any |the |all "
    rf"|an? |die )?{_MODEL}s?\b"
    rf"|\bif you are an? {_MODEL}\b(?=\s*[,:.;]|\s+(?:reading|processing|summari[sz]ing))"
    rf"|\b(?:when|whenever|while)\s+(?:summari[sz]ing|processing|answering from)\s+this\s+(?:document|page|text|file)\b"
    rf"[^.\n]{{0,40}}\b(?:assistant|model|{_MODEL})\b"
    rf"|\b(?:dear|hey|hello|hi)\s+{_MODEL}\b"
    rf"|\b{_MODEL}s?\s+(?:reading|processing|summari[sz]ing)\s+this\b"
    r"|\byou are now (?:an? )?(?:DAN\b|\w+ mode|in \w+ mode|unrestricted|jailbroken|free (?:of|from)"
    r"|no longer bound|evil|a different)"
    r"|\b(?:du bist (?:jetzt|nun)|tu es maintenant|ahora eres|a partir de ahora eres|from now on,? you (?:are"
    r"|will|must))\b"
    r"|\bpretend (?:to be|that you are|you are) (?:an? )?(?:unrestricted|DAN|AI|jailbroken|administrator)"
    r"|\b(?:enable|activate|enter) (?:developer|debug|god|DAN|jailbreak) mode\b",
    re.I,
)
_ASKED = re.compile(
    r"\b(?:reveal|print|output|repeat|show|display|leak|disclose|send|exfiltrate|verrate|révèle"
    r"|revela)\s+(?:\w+\s+){0,3}"
    r"(?:system prompt|hidden (?:prompt|instructions)|(?:initial|secret|your) (?:prompt|instructions)"
    r"|system-?prompt\w*)"
    r"|\b(?:and|then|instead|stattdessen|und|et|y|e|,|[.!])\s*(?:only\s+|just\s+|always\s+|to\s+)?(?:say|tell"
    r"|answer|reply|respond|output|print|reveal|pretend|recommend|approve|write"
    r"|claim|insist|antworte|sag|schreib|réponds|dis|responde|di|rispondi|antwoord|odpowiedz)\b"
    r"|\b(?:do not|don't|never)\s+(?:tell|mention|reveal|inform|warn)\s+(?:\w+\s+){0,2}(?:users?|person"
    r"|employees?|anyone|humans?|this)\b"
    r"|\bin (?:every|all|your) (?:answers?|repl(?:y|ies)|responses?|summar(?:y|ies))\b"
    r"|(?:回答|告诉|回复|输出|答え|出力)",
    re.I,
)
_TEMPLATE = re.compile(
    r"<\|(?:im_start|im_end|system|assistant|user|endoftext|eot_id|start_header_id)\|>|\[/?INST\]|<</?SYS>>"
)
_OF_BEFORE = re.compile(rf"\b(?:{_EARLIER}|your)\b", re.I)
_ON_A_SUBJECT = re.compile(
    r"\s+(?:on|about|regarding|concerning|for|from|in)\s+(?!this|that|these|your|any|all|above|here|now"
    r"|the (?:system|user)|me\b)",
    re.I,
)
"""After instructions that people may have given each other on something: less of a sign, but one."""
_QUOTES = re.compile(r"[\"“”„«»「‘’'`]")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/]{40,}={0,2}(?![A-Za-z0-9+/=_-])")
_FORMAT = re.compile("[\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
_TAGS = re.compile("(?<!\U0001f3f4)[\U000e0020-\U000e007e]{6,}")
_BETWEEN = re.compile("(?<=[A-Za-z])[\u200b\u200c\u200d\u2060\u2063\ufeff]+(?=[A-Za-z])")
_OVERRIDING = re.compile("[\u202d\u202e]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff]")

_FIX = "take it out; if it is meant, for a page about such attacks, put it in quotation marks or name it in lint.accept"


def instructions(subject: Subject) -> Iterator[Finding]:
    """Text that reads like instructions to a model, in several languages, hidden or encoded."""
    whole = "\n".join(line.text for line in subject.texts)
    if whole.isascii() and not _may_speak(whole) and not _BASE64.search(whole):
        return  # most documents
    for line in subject.texts:
        for text, hidden in _readings(line.text):
            signs, offset, quoted = _signs(text, line.code)
            if not signs or (signs == 1 and line.code):
                continue
            place = line if hidden else line.at(offset)
            severe = hidden or (signs > 1 and not quoted)
            reason = f"instructions to a model, {hidden}" if hidden else "text that reads like instructions to a model"
            yield subject.find("instructions", "severe" if severe else "warning", reason, _FIX, place)
            break


def invisible_text(subject: Subject) -> Iterator[Finding]:
    """Characters that show nothing inside words, text made of them, letters that are shown in another order."""
    for line in () if subject.is_ascii else subject.texts:
        if match := _TAGS.search(line.text):
            reason = f"{len(match.group())} characters in a row that nobody sees"
        elif len(found := _BETWEEN.findall(line.text)) >= 3:
            match, reason = _BETWEEN.search(line.text), f"characters of no width inside words, {len(found)} times"
        elif (match := _OVERRIDING.search(line.text)) and not _RIGHT_TO_LEFT.search(line.text):
            reason = "a mark that shows letters in another order than they are stored in"
        else:
            continue
        fix = "type the passage anew: people and the search read something else than what is stored"
        yield subject.find("invisible-text", "warning", reason, fix, line.at(match.start()) if match else line)


def _readings(text: str) -> Iterator[tuple[str, str]]:
    """The text as people see it, and what else it holds, each with how that was hidden."""
    yield text, ""
    if not text.isascii():
        if tags := "".join(chr(ord(char) - 0xE0000) for run in _TAGS.findall(text) for char in run):
            yield tags, "hidden in characters that nobody sees"
        plain = unicodedata.normalize("NFKC", _FORMAT.sub("", text))
        if len(_FORMAT.findall(text)) >= 2 and not _signs(text, False)[0]:
            yield plain, "hidden between characters of no width"
        elif plain != text:
            yield plain, ""
        for run in re.findall("\u202e([^\u202c\n]{10,})", text):
            yield run[::-1], "hidden by writing it backwards"
    for match in _BASE64.finditer(text):
        if decoded := _decoded(match.group()):
            yield decoded, "hidden as base64"


def _decoded(text: str) -> str:
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return decoded if decoded.isprintable() or "\n" in decoded else ""


def _may_speak(text: str) -> bool:
    """Whether a text need be looked at closely."""
    lowered = text.casefold()
    return any(hint in lowered for hint in _HINTS) or _SHORT_HINTS.search(lowered) is not None


def _signs(text: str, code: bool) -> tuple[int, int, bool]:
    """How much in a text speaks to a model, where that starts, and whether it is only quoted."""
    if not _may_speak(text):
        return 0, 0, False
    signs, starts, quoted = 0, [], []
    asked = _ASKED.search(text)
    for pattern in (_OVERRIDE, _ADDRESSED, _TEMPLATE):
        for match in pattern.finditer(text):
            if (
                pattern is _OVERRIDE
                and _is_said_to_people(match.group())
                and not (asked and _OF_BEFORE.search(match.group()))
            ):
                continue
            starts.append(match.start())
            quoted.append(code or _is_quoted(text, match))
            on_a_subject = _ON_A_SUBJECT.match(text, match.end())
            strong = pattern is _TEMPLATE or (
                pattern is _OVERRIDE and _UNMISTAKABLE.search(match.group()) and not on_a_subject
            )
            signs += 2 if strong else 1
    if not starts:
        return 0, 0, False
    if asked and (asked.start() < starts[0] or asked.start() - starts[0] < 300):
        signs += 1
    return signs, min(starts), all(quoted)


def _is_said_to_people(override: str) -> bool:
    """People say rules, messages and guidelines to each other; instructions and prompts are said to models as well."""
    return re.search(r"(?:rules|guidelines|messages?|context|commands?|directions?)\b", override, re.I) is not None


def _is_quoted(text: str, match: re.Match[str]) -> bool:
    """Whether a quotation mark stands shortly before and somewhere after, in the same paragraph."""
    start = max(text.rfind("\n\n", 0, match.start()), match.start() - 80, 0)
    end = text.find("\n\n", match.end())
    before, after = text[start : match.start()], text[match.end() : end if end >= 0 else len(text)][:300]
    return bool(_QUOTES.search(before) and _QUOTES.search(after))
