"""Draw `docs/ask.svg`: what the README's first command prints, as it prints it.

`python docs/make_picture.py` in an installed checkout.
"""

import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "can i carry over days i didn't use?"
WIDTH = 100


def main() -> None:
    """Ask, and draw question and answer."""
    answer = subprocess.run(
        [sys.executable, "-m", "deskhand", "ask", QUESTION], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    console = Console(record=True, width=WIDTH, file=sys.stderr)
    console.print(Text.assemble(("$ ", "bright_black"), ("deskhand ask ", "bold"), (f'"{QUESTION}"', "cyan")))
    for line in answer.rstrip().splitlines():
        console.print(Text(line, style="bright_black" if line.startswith("[") else ""))
    svg = console.export_svg(title="deskhand", theme=MONOKAI)
    # the reader's own monospaced font: a picture must not fetch anything
    start, end = svg.index("@font-face"), svg.rindex("@font-face")
    end = svg.index("}", svg.index("src:", end)) + 1
    (ROOT / "docs" / "ask.svg").write_text(svg[:start] + svg[end:], encoding="utf-8")


if __name__ == "__main__":
    main()
