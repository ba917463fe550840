"""Whether what a plugin gave is what its type says."""

import asyncio
from typing import Any, get_args

from plugins.contract import Citation, Outcome, Replace, Reply, Status

_LONGEST_REPLY = 200_000
"""Characters, and pieces, of one plugin's reply; what goes on longer is taken for endless."""
_STATUSES = frozenset(get_args(Status))


class Endless:
    """Counts what a stream gives."""

    def __init__(self) -> None:
        self._left = _LONGEST_REPLY

    def __call__(self, piece: object) -> None:
        """Raises ValueError when it is too much, TypeError for what is no piece."""
        if not isinstance(piece, str | Replace):
            raise TypeError(f"yielded {type(piece).__name__}, not text")
        self._left -= 1 + (len(piece) if isinstance(piece, str) else 0)
        if self._left < 0:
            raise ValueError(f"yielded more than {_LONGEST_REPLY} characters")


def in_words(failure: BaseException) -> str:
    """What went wrong, in a line, with the likeliest slip where a coroutine stands for what it would have given."""
    forgotten = isinstance(failure, TypeError | AttributeError) and "coroutine" in str(failure)
    return (
        f"{type(failure).__name__}: {' '.join(str(failure).split())}{': is an `await` missing?' if forgotten else ''}"
    )


def check_reply(reply: Any) -> None:
    """Raises TypeError for what only looks like a reply."""
    if not isinstance(reply, Reply):
        if asyncio.iscoroutine(reply):
            reply.close()  # else Python warns that it was never awaited
        raise TypeError(f"returned {type(reply).__name__}, not a Reply")
    if not isinstance(reply.text, str):
        raise TypeError(f"replied with {type(reply.text).__name__}, not text")
    if reply.ended:
        check_outcome(reply.outcome)


def check_outcome(outcome: Any) -> None:
    """Raises TypeError for what only looks like an outcome."""
    if not isinstance(outcome, Outcome):
        raise TypeError(f"gave {type(outcome).__name__} as the outcome")
    if outcome.status not in _STATUSES:
        raise TypeError(f"gave the status {outcome.status!r} (known: {', '.join(sorted(_STATUSES))})")
    fine = isinstance(outcome.reason, str) and isinstance(outcome.model, str) and isinstance(outcome.citations, tuple)
    if not fine or not all(isinstance(citation, Citation) for citation in outcome.citations):
        raise TypeError("gave an outcome whose fields are of other types than `Outcome` says")
    if outcome.cost_usd is not None and not isinstance(outcome.cost_usd, int | float):
        raise TypeError("gave an outcome whose cost is no number")
