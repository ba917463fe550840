"""Chat adapters: they turn a platform's events into messages and replies into posts.

Public face: `TerminalBot`, and what adapters share (`clean_question`, `footnotes`).
"""

from bots.terminal import TerminalBot, print_reply, terminal_message
from bots.text import clean_question, footnotes, place_of, printable, printable_json

__all__ = [
    "TerminalBot",
    "clean_question",
    "footnotes",
    "place_of",
    "print_reply",
    "printable",
    "printable_json",
    "terminal_message",
]
