"""The front door: what plugin authors import, and the command line."""

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
    "Reply",
    "StopChain",
    "Turn",
]
