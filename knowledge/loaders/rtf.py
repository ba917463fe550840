"""Rich Text Format: text, headings by outline level and tables; everything about looks is dropped."""

import re

from knowledge.documents import Document, DocumentError
from knowledge.loaders.building import Builder, markdown_table, tidy

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<sign>[^a-zA-Z'])"
    r"|(?P<brace>[{}])|[\r\n]+|(?P<text>[^\\{}\r\n]+)"
)
_DROPPED = frozenset(
    "fonttbl colortbl stylesheet listtable listoverridetable info pict header footer headerl headerr headerf footerl "
    "footerr footerf object themedata colorschememapping datastore latentstyles rsidtbl generator fldinst xmlnstbl "
    "listtext pntext deleted annotation atnid atnauthor".split()
)
_TEXT = {"tab": " ", "line": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“",
         "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ", "page": "\n"}  # fmt: skip
_SIGNS = {"~": " ", "_": "-", "\\": "\\", "{": "{", "}": "}", "\n": "\n", "\r": "\n"}
_DEEPEST = 500


def load_rtf(content: bytes, name: str) -> Document:
    """An `.rtf` file."""
    reader = _Reader()
    reader.read(content.decode("latin-1"))
    return reader.builder.document(name)


class _Reader:
    def __init__(self) -> None:
        self.builder = Builder()
        self._text: list[str] = []
        self._bytes = bytearray()
        self._codec = "cp1252"
        self._level: int | None = None
        self._in_table = False
        self._cells: list[str] = []
        self._rows: list[list[str]] = []
        self._replaced = 1  # characters that stand after \u for readers without Unicode
        self._skip = 0

    def read(self, text: str) -> None:
        """Go through the tokens; a group's state is restored where it ends (RTF 1.9.1, Conventions)."""
        stack: list[tuple[bool, int]] = []
        dropped, fresh = False, False
        position = 0
        while token := _TOKEN.search(text, position):
            position = token.end()
            if token["word"] == "bin":  # so many bytes of a picture, among them braces
                position += max(int(token["number"] or 0), 0)
            if brace := token["brace"]:
                self._flush()
                if brace == "{":
                    stack.append((dropped, self._replaced))
                    if len(stack) > _DEEPEST:
                        raise DocumentError(f"groups nested over {_DEEPEST} deep: save the document anew")
                elif stack:
                    dropped, self._replaced = stack.pop()
                fresh = brace == "{"
                continue
            if fresh and (token["sign"] == "*" or token["word"] in _DROPPED):
                dropped = True
            fresh = False
            if not dropped:
                self._token(token)
        self._end_paragraph()
        self._end_table()

    def _token(self, token: re.Match[str]) -> None:
        if token["hex"]:
            if self._skip:
                self._skip -= 1
            else:
                self._bytes.append(int(token["hex"], 16))
            return
        self._flush()
        if word := token["word"]:
            self._word(word, int(token["number"]) if token["number"] else None)
        elif sign := token["sign"]:
            self._text.append(_SIGNS.get(sign, ""))
        elif text := token["text"]:
            self._text.append(text[self._skip :])
            self._skip = max(self._skip - len(text), 0)

    def _word(self, word: str, number: int | None) -> None:
        if word == "u" and number is not None:
            self._text.append(chr(number % 65536))
            self._skip = self._replaced
        elif word == "uc":
            self._replaced = max(number or 0, 0)
        elif word == "ansicpg" and number:
            self._codec = f"cp{number}"
        elif word == "outlinelevel":
            self._level = (number or 0) + 1
        elif word in ("par", "sect"):
            self._end_paragraph()
        elif word == "pard":
            self._level, self._in_table = None, False
        elif word == "intbl":
            self._in_table = True
        elif word == "cell":
            self._cells.append(" ".join(self._taken().split()))
        elif word == "row":
            self._rows.append(self._cells)
            self._cells = []
        else:
            self._text.append(_TEXT.get(word, ""))

    def _flush(self) -> None:
        """Bytes of the document's code page become text together: a character may take two."""
        if self._bytes:
            try:
                self._text.append(self._bytes.decode(self._codec, "replace"))
            except LookupError:
                self._text.append(self._bytes.decode("cp1252", "replace"))
            self._bytes.clear()

    def _taken(self) -> str:
        self._flush()
        text = "".join(self._text).replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        self._text = []
        return tidy(text)

    def _end_paragraph(self) -> None:
        if self._in_table:
            self._text.append(" ")
            return
        text = self._taken()
        if text.strip():
            self._end_table()
        if self._level is not None and text.strip():
            self.builder.heading(text, min(self._level, 9))
        else:
            self.builder.block(text)

    def _end_table(self) -> None:
        if self._rows:
            self.builder.block(markdown_table(self._rows), "table")
            self._rows = []
