"""What `deskhand doctor` says of one thing that it looked at."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `step` is what to do about it."""

    what: str
    level: Level
    message: str
    step: str = ""
