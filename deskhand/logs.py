"""The log of `deskhand run`: one line a record on standard error, without any secret."""

import logging
from collections.abc import Callable

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_TALKATIVE = ("httpx", "httpcore", "watchfiles", "apscheduler", "LiteLLM", "litellm", "openai", "filelock")


class _OneLine(logging.Formatter):
    """Tracebacks and line breaks stay inside their record; what could be a key is masked in all of it."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__(_FORMAT)
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        text = self._redact(super().format(record))
        return " | ".join(line.strip() for line in text.splitlines() if line.strip())


def set_up_logging(level: str, redact: Callable[[str], str]) -> None:
    """Send all records of this process to standard error. Other people's libraries tell of trouble only."""
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine(redact))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
