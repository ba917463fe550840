"""The front door: what plugin authors import, and the command line.

`from deskhand import Plugin, Turn, Reply` gives the contract. It is loaded at the first use of a
name, so that `deskhand --help` does not wait for the whole assistant.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plugins import (
        CallNext,
        Citation,
        Context,
        Exchange,
        Message,
        OptionError,
        Options,
        Outcome,
        Person,
        Place,
        Plugin,
        Replace,
        Reply,
        StopChain,
        Turn,
    )

__all__ = [
    "CallNext",
    "Citation",
    "Context",
    "Exchange",
    "Message",
    "OptionError",
    "Options",
    "Outcome",
    "Person",
    "Place",
    "Plugin",
    "Replace",
    "Reply",
    "StopChain",
    "Turn",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        import plugins

        return getattr(plugins, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
