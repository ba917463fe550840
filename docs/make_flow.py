"""Draw `docs/flow.svg`: the way of a message, from the platform's event to the delivered answer.

`python -m docs.make_flow` in an installed checkout. The steps are those of the default chain.
"""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from settings.sections.assistant import DEFAULT_CHAIN

PICTURE = Path(__file__).resolve().parent / "flow.svg"

_WIDTH = 880
_STEP_SAYS = {
    "guard": ("rate, length, banned words; takes secrets out", "refused"),
    "persona": ("adds the system prompt and the examples", "left out"),
    "history": ("cuts the thread to its latest messages", "left out"),
    "rag": ("searches; abstains where the documents say nothing", "refused"),
    "output": ("only links and mentions that the documents have", "refused"),
    "answer": ("asks the models of the route, else quotes", "quotes instead"),
}
_BOXES: dict[str, tuple[str, str, str]] = {
    "event": ("event", "Slack, Discord: a message arrives", "not acknowledged: the platform sends it again"),
    "inbox": ("inbox", "recorded, then acknowledged", "a crash from here on: answered after the next start"),
    "line": ("line", "8 at a time, 1 a person, 3 a channel", "500 wait already: turned down with a reason"),
    "reply": ("reply", "text in pieces, then the outcome", "breaks off: says so; the reader gets the reason"),
    "delivery": ("delivery", "posted, edited as it grows, split", "platform away: tried for 10 minutes, then again"),
}


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(drawing(), encoding="utf-8")


def drawing() -> str:
    """The picture as SVG, with the reader's own fonts."""
    parts: list[str] = []
    top = 16
    for name in ("event", "inbox", "line"):
        parts += _box(40, top, 360, *_BOXES[name])
        top += 74
    names = [entry.name for entry in DEFAULT_CHAIN]
    parts += _chain(names, top)
    top += 52 + 46 * len(names) + 34
    for name in ("reply", "delivery"):
        parts += _box(40, top, 360, *_BOXES[name], last=name == "delivery")
        top += 74
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" font-family="sans-serif" '
        f'font-size="14">\n<rect width="{_WIDTH}" height="{top}" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _box(x: int, y: int, width: int, title: str, says: str, fails: str, *, last: bool = False) -> Iterator[str]:
    """A station with what happens where it fails, and the arrow to the next one."""
    yield f'<rect x="{x}" y="{y}" width="{width}" height="48" rx="6" fill="#eef3fb" stroke="#4a6da7"/>'
    yield _text(x + 12, y + 20, title, 'font-weight="bold" fill="#1d2b45"')
    yield _text(x + 12, y + 38, says, 'fill="#1d2b45" font-size="13"')
    yield _text(x + width + 24, y + 29, fails, 'fill="#a03a2c" font-size="13"')
    if not last:
        yield _arrow(x + 60, y + 48, y + 74)


def _chain(names: Sequence[str], top: int) -> Iterator[str]:
    """The onion: each step a bar; in on the left, out on the right."""
    height = 52 + 46 * len(names)
    yield f'<rect x="20" y="{top}" width="840" height="{height}" rx="8" fill="#f6f6f1" stroke="#8a8a78"/>'
    yield _text(40, top + 24, "chain", 'font-weight="bold" fill="#33332b"')
    yield _text(90, top + 24, "90 s in all, 60 s for a step's own work", 'fill="#33332b" font-size="13"')
    yield _text(836, top + 24, "where the step fails", 'fill="#a03a2c" font-size="13" text-anchor="end"')
    for number, name in enumerate(names):
        says, fails = _STEP_SAYS[name]
        x, y = 64 + 14 * number, top + 38 + 46 * number
        yield f'<rect x="{x}" y="{y}" width="{640 - 28 * number}" height="36" rx="5" fill="#fff" stroke="#8a8a78"/>'
        yield _text(x + 12, y + 23, name, 'font-weight="bold" fill="#33332b"')
        yield _text(x + 86, y + 23, says, 'fill="#33332b" font-size="13"')
        yield _text(836, y + 23, fails, 'fill="#a03a2c" font-size="13" text-anchor="end"')
    first, last = top + 38, top + height - 10
    yield _arrow(44, first, last - 8)
    yield _text(32, (first + last) // 2, "in", 'fill="#4a6da7" font-size="12" text-anchor="middle"')
    yield _arrow(722, last - 8, first)
    yield _text(738, (first + last) // 2, "out", 'fill="#4a6da7" font-size="12" text-anchor="middle"')
    yield _arrow(100, top + height, top + height + 34)


def _arrow(x: int, start: int, end: int) -> str:
    tip = -7 if end > start else 7
    return (
        f'<path d="M{x} {start}V{end + tip}" stroke="#4a6da7" stroke-width="2"/>'
        f'<path d="M{x - 5} {end + tip}L{x + 5} {end + tip}L{x} {end}Z" fill="#4a6da7"/>'
    )


def _text(x: int, y: int, text: str, style: str) -> str:
    return f'<text x="{x}" y="{y}" {style}>{escape(text, quote=False)}</text>'


if __name__ == "__main__":
    main()
