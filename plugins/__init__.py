"""The chain, its contract, and the plugins that ship with it.

Public face: the contract (Message, Turn, Reply, Plugin, ...) and `open_chain`. Only this room
imports litellm.
"""

from knowledge import Found, Passage, Quote
from plugins.chain import Chain
from plugins.contract import (
    CallNext,
    Citation,
    Context,
    Example,
    Exchange,
    Message,
    OptionError,
    Options,
    Outcome,
    Person,
    Piece,
    Pieces,
    Place,
    Plugin,
    PostError,
    Prompt,
    Replace,
    Reply,
    Search,
    Status,
    StopChain,
    Trace,
    Turn,
    Usage,
)
from plugins.declarations import CommandCall, command, health_check, job
from plugins.loading import open_chain
from plugins.models import Completion
from settings.errors import ModelError

__all__ = [
    "CallNext",
    "Chain",
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
    "open_chain",
]
