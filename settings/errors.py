"""Every error that a person can act on, in one tree.

    DeskhandError            one line: what is wrong, where, what to do; exit status 1
    +-- UsageError           the command was typed wrongly; exit status 2
    +-- SettingsError        one line a problem, each with file and line
    +-- FolderError          the documents' folder is missing, empty or cannot be read
    +-- IndexUnusable          the index is held by another process, broken, or built otherwise
    |   +-- IndexAway          the server that holds it does not answer, or not to us
    |   +-- IndexLocked
    |   +-- IndexMismatch
    |   +-- IndexEmpty
    +-- StorageError         the disk is full, read-only, or the database cannot be opened
    +-- EmbeddingError       the embedding model is missing or does not load
    +-- ModelError           no language model of a route gave an answer
    +-- NotServed            the process that holds the home does not serve this command
    +-- BotError             a chat platform does not let the assistant in

Anything else that reaches the command line is a defect of Deskhand.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from settings.masking import mask


class DeskhandError(Exception):
    """Its text is one line for the person in front of it."""

    exit_status = 1


class UsageError(DeskhandError):
    """A command, option or question that cannot be worked with."""

    exit_status = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in the settings. `place` is `file:line` or the name of a variable."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class SettingsError(DeskhandError):
    """The settings cannot be used; every problem found is listed, a line each, without any secret."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(Problem(_line(problem.place), _line(problem.message)) for problem in problems)
        super().__init__("\n".join(map(str, self.problems)))


class FolderError(DeskhandError):
    """The documents' folder is missing, empty or cannot be read."""


class IndexUnusable(DeskhandError):
    """The index cannot be used as it is."""


class IndexAway(IndexUnusable):
    """The server that holds the index is away, rejects the key, or is of a version that does not fit."""


class IndexLocked(IndexUnusable):
    """Another process holds the index of this home; `holder` is its command, empty where that is not known."""

    def __init__(self, message: str, holder: str = "") -> None:
        super().__init__(message)
        self.holder = holder


class IndexMismatch(IndexUnusable):
    """The index was built with another embedding model or another way of cutting."""


class IndexEmpty(IndexUnusable):
    """Nothing has been indexed yet."""


class StorageError(DeskhandError):
    """The disk is full or read-only, or a database file is damaged."""


class EmbeddingError(DeskhandError):
    """The embedding model is missing or does not load."""


class ModelError(DeskhandError):
    """No language model of a route gave an answer; the text says why for each."""


class NotServed(DeskhandError):
    """The process that holds the home cannot serve a command, or has gone."""


class BotError(DeskhandError):
    """A chat platform does not let the assistant in: a token is missing or wrong."""


def _line(text: str) -> str:
    """One line, whatever a settings file put into a name."""
    return "".join(char if char.isprintable() else " " for char in mask(text))
