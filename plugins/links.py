"""Links and mentions in an answer: only addresses that the sources have, and nobody is called.

A link whose target is not in the sources is reduced to its text, an image is dropped, an address
standing alone is replaced by a word. Mentions lose what makes them one. All of this line by line and
word by word: what may still become a link is held back, so that the result does not depend on how the
text is cut into pieces.
"""

import re
from collections.abc import Iterable

from plugins.code_parts import CodeSplitter

REMOVED = "‹link removed›"

_TOP = (
    "com|net|org|io|app|dev|info|biz|co|me|ai|xyz|online|site|link|click|top|cloud|shop|live|ru|cn|tk|ml|ga|cf|gq|de|uk"
    "|fr|es|it|nl|eu|us|ca|au|br|jp|ch|at|pl|se|no|fi|dk|be|cz|ie|nz|gov|edu|mil|int|example|test"
)
_ADDRESS = re.compile(
    r"(?P<mail>(?:mailto:)?[\w.+%-]+@[\w-]+(?:\.[\w-]+)+(?:\?[^\s\"'<>()]*)?)"
    r"|(?P<script>\b(?:javascript|vbscript|data|blob):[^\s<>\"']*)"
    r"|(?P<url>\b[a-z][a-z0-9+.-]*://[^\s<>\"'`|\[\]]*)"
    rf"|(?P<domain>(?<!\w)(?:[\w-]+\.)+(?:{_TOP})\b(?::\d+)?(?:[/?#][^\s<>\"'`|\[\]]*)?)",
    re.IGNORECASE,
)
_BROADCAST = re.compile(r"@+(?=(?:everyone|here|channel|group)\b(?!\.\w))", re.IGNORECASE)
_MENTION = re.compile(r"(?<![\w.])@+(?=\w)")
_PLATFORM = re.compile(r"<(?:[@!#][^<>\n]*|/[\w -]+:\d+|(?:t|id):[^<>\n]*)>")
"""`<@U1>`, `<!here>`, `<#C1|name>`, `<@&1>`, `</command:1>`: what Slack and Discord make calls of."""
_TAG = re.compile(
    r"</?(?:a|img|script|iframe|style|form|input|button|svg|object|embed|link|meta|base|video|audio|source|html|body|head"
    r"|div|span|font|marquee|picture)\b[^<>\n]*>",
    re.IGNORECASE,
)
_RUN = re.compile(r"[^\s\[<]+")
_SAFE_BEFORE = re.compile(r"[\s(\"“*_—–-]")
_SAFE_AFTER = re.compile(r"\s|[.,:;!?)\]*_\"'”]*$")
_ENDING = ".,;:!?*_~)"


class Addresses:
    """The addresses that some texts contain, and those of some hosts."""

    def __init__(self, texts: Iterable[str], hosts: Iterable[str] = ()) -> None:
        self._hosts = {host.casefold() for host in hosts}
        self._known = {
            key(form) for text in texts for match in _ADDRESS.finditer(text) for form in (match[0], _trimmed(match[0]))
        }

    def __contains__(self, address: str) -> bool:
        host = re.match(r"https?://([^/?#:@]*)(?=[/?#:]|$)", address, re.IGNORECASE)
        return key(address) in self._known or (host is not None and host[1].casefold() in self._hosts)


def key(address: str) -> str:
    """An address without what makes no difference: scheme, letter case of the host, a final slash."""
    bare = re.sub(r"^(?:https?://|mailto:)", "", address, flags=re.IGNORECASE)
    host, rest = re.match(r"([^/?#]*)(.*)", bare, re.DOTALL).groups()  # type: ignore[union-attr]
    return f"{host.casefold()}{rest.rstrip('/')}"


class LinkFilter:
    """Feed it text as it comes; it gives back what is safe to show."""

    def __init__(self, known: Addresses) -> None:
        self._known = known
        self._parts = CodeSplitter()
        self._line = ""  # the end of the prose so far, which may be the beginning of a link
        self._before = ""  # the last character of the line that was shown
        self._cut = False  # something was taken out of the word that is being shown

    def feed(self, text: str) -> str:
        """The next piece that can be shown."""
        return self._checked(self._parts.feed(text))

    def end(self) -> str:
        """What was held back."""
        return self._checked(self._parts.end()) + self._prose("", last=True)

    def _checked(self, parts: Iterable[tuple[str, bool]]) -> str:
        shown = ""
        for part, is_code in parts:
            shown += self._prose("", last=True) + self._code(part) if is_code else self._prose(part)
        return shown

    def _code(self, text: str) -> str:
        while _PLATFORM.search(text):
            text = _PLATFORM.sub(_label, text)
        return self._word(text, code=True)

    def _prose(self, text: str, last: bool = False) -> str:
        *lines, rest = (self._line + text).split("\n")
        done = ""
        for line in lines:
            done += self._scan(line, whole=True)[0] + "\n"
            self._before, self._cut = "", False
        shown, used = self._scan(rest, whole=last)
        self._line = rest[used:]
        return done + shown

    def _scan(self, line: str, whole: bool) -> tuple[str, int]:
        """What can be shown of a line, and how much of it that is; all of it when it is `whole`."""
        shown, at = "", 0
        while at < len(line):
            if line[at] == "[":
                size, text = self._bracket(line, at)
            elif line[at] == "<":
                size, text = self._angle(line, at)
            elif run := _RUN.match(line, at):
                size, text = self._run(line, at, run.end(), whole)
            else:
                size, text = 1, line[at]
            if not size and not whole:
                break
            text = text if size else line[at]
            size = size or 1
            shown += self._joined(text, changed=text != line[at : at + size])
            at += size
        return shown, at

    def _joined(self, text: str, changed: bool) -> str:
        """Keep apart what was apart: taking something out must not make a link of what stands around it."""
        apart = (changed and self._before and not _SAFE_BEFORE.match(self._before)) or (
            self._cut and not _SAFE_AFTER.match(text)
        )
        text = f" {text}" if apart and text[:1] != " " else text
        self._cut = changed or (self._cut and not text[-1:].isspace())
        self._before = text[-1:] or self._before
        return text

    def _run(self, line: str, at: int, end: int, whole: bool) -> tuple[int, str]:
        """A word, complete only when something follows; `!` before a bracket belongs to an image."""
        if end == len(line) and not whole:
            return 0, ""
        word = line[at:end]
        if end < len(line) and line[end] == "[" and word.endswith("!"):
            size, _ = self._bracket(line, end)
            if not size and not whole:
                return 0, ""
            if size and line[end + size - 1] in ")]" and _closing(line, end) < end + size - 1:
                return end - at + size, self._word(word[:-1])  # an image
        return end - at, self._word(word)

    def _bracket(self, line: str, at: int) -> tuple[int, str]:
        """A link, reduced to its text unless the sources have its target; length 0 where it is not complete."""
        close = _closing(line, at)
        if close < 0 or close + 1 == len(line):
            return 0, ""
        if line[close + 1] not in "([":
            return 1, "["
        end = _closing(line, close + 1)
        if end < 0:
            return 0, ""
        text = self._inner(line[at + 1 : close])
        target = line[close + 2 : end].strip().split(" ")[0].strip("<>")
        if line[close + 1] == "[":
            return (1, "[") if target.isdigit() or not target else (end + 1 - at, text)
        if target and target in self._known and _ADDRESS.match(target):
            return end + 1 - at, f"[{text}]({target})"
        return end + 1 - at, text

    def _inner(self, text: str) -> str:
        return LinkFilter(self._known)._scan(text, whole=True)[0]

    def _angle(self, line: str, at: int) -> tuple[int, str]:
        """A mention, a tag or an address in angle brackets."""
        if at + 1 < len(line) and not re.match(r"[\w@!#/:]", line[at + 1]):
            return 1, "<"
        close = line.find(">", at)
        if close < 0:
            return 0, ""
        whole = line[at : close + 1]
        if platform := _PLATFORM.fullmatch(whole):
            return len(whole), self._inner(_label(platform))
        if _TAG.fullmatch(whole):
            return len(whole), ""
        address, bar, label = whole[1:-1].partition("|")
        if _ADDRESS.fullmatch(address):
            shown = whole if address in self._known else self._inner(label) if bar else REMOVED
            return len(whole), f"<{address}>" if bar and address in self._known else shown
        return 1, "‹" if whole[1] in "@!#" else "<"

    def _word(self, text: str, code: bool = False) -> str:
        """A word, or code, without addresses that the sources do not have and without calls."""
        before = None
        while text != before:  # what stood beside an address may only now be a call or another address
            before = text
            text = _ADDRESS.sub(self._address, self._uncalled(text, code))
        return text

    @staticmethod
    def _uncalled(text: str, code: bool) -> str:
        text = _BROADCAST.sub("", text)
        return text if code else _MENTION.sub("", text)

    def _address(self, match: re.Match[str]) -> str:
        address = _trimmed(match[0])
        rest = match[0][len(address) :]
        return match[0] if match[0] in self._known or address in self._known else f"{REMOVED}{rest}"


def _trimmed(address: str) -> str:
    """Without the punctuation of the sentence around it."""
    while address and address[-1] in _ENDING and not (address[-1] == ")" and address.count("(") >= address.count(")")):
        address = address[:-1]
    return address


def _label(match: re.Match[str]) -> str:
    _, bar, label = match[0][1:-1].partition("|")
    return label.lstrip("@") if bar else ""


def _closing(line: str, at: int) -> int:
    """Where the bracket that opens here closes, -1 where it does not in this line."""
    opening, closing = line[at], {"[": "]", "(": ")"}[line[at]]
    depth = 0
    for place in range(at, len(line)):
        if line[place] == opening:
            depth += 1
        elif line[place] == closing:
            depth -= 1
            if not depth:
                return place
    return -1
