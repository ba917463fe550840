"""The front door: what plugin authors import, and the command line.

`from deskhand import Plugin, Turn, Reply` gives the contract. It is loaded at the first use of a
name, so that `deskhand --help` does not wait for the whole assistant. A name is taken away only after
a release in which its use gives a DeprecationWarning (`_DEPRECATED`).
"""

import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plugins import (
        CallNext,
        Citation,
        CommandCall,
        Completion,
        Context,
        Example,
        Exchange,
        Found,
        Message,
        ModelError,
        OptionError,
        Options,
        Outcome,
        Passage,
        Person,
        Piece,
        Pieces,
        Place,
        Plugin,
        PostError,
        Prompt,
        Quote,
        Replace,
        Reply,
        Search,
        Status,
        StopChain,
        Trace,
        Turn,
        Usage,
        command,
        health_check,
        job,
    )

__all__ = [
    "CallNext",
    "Citation",
    "CommandCall",
    "Completion",
    "Context",
    "Example",
    "Exchange",
    "Found",
    "Message",
    "ModelError",
    "OptionError",
    "Options",
    "Outcome",
    "Passage",
    "Person",
    "Piece",
    "Pieces",
    "Place",
    "Plugin",
    "PostError",
    "Prompt",
    "Quote",
    "Replace",
    "Reply",
    "Search",
    "Status",
    "StopChain",
    "Trace",
    "Turn",
    "Usage",
    "command",
    "health_check",
    "job",
]

_DEPRECATED: dict[str, str] = {}
"""Old names, and what to use instead."""


def __getattr__(name: str) -> Any:
    if name in _DEPRECATED:
        warnings.warn(f"deskhand.{name} will go: use {_DEPRECATED[name]}", DeprecationWarning, stacklevel=2)
    if name in __all__ or name in _DEPRECATED:
        import plugins

        return getattr(plugins, _DEPRECATED.get(name, name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
