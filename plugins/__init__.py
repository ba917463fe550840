"""The chain, its contract, and the plugins that ship with it.

Public face: the contract (Message, Turn, Reply, Plugin, ...) and `open_chain`. Only this room
imports litellm.
"""

from plugins.chain import Chain
from plugins.contract import (
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
from plugins.loading import open_chain

__all__ = [
    "CallNext",
    "Chain",
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
    "open_chain",
]
