"""API keys and tokens: found by name, never shown.

Settings files name a secret (`api_key_env: OPENAI_API_KEY`) and never hold one. Its value comes from
the environment, from a file of that name in a secrets folder (as Docker and Kubernetes mount them),
or from `.env` in the home, in this order.
"""

from functools import cached_property

from pydantic import SecretStr

from settings.environment import variable
from settings.home import Home
from settings.masking import MASK, mask
from settings.variables import Variables, from_dotenv, read_text, secret_folders


class Secrets:
    """Look-up of secrets by name for one home. Every value handed out is masked by `redact`."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._known: set[str] = set()

    def get(self, name: str) -> SecretStr | None:
        """The secret of that name, None where it is set nowhere."""
        value = variable(name) or self._from_file(name) or self._from_dotenv(name)
        if not value:
            return None
        if len(value) >= 4:
            self._known.add(value)
        return SecretStr(value)

    def redact(self, text: str) -> str:
        """The text without any secret handed out so far and anything that looks like one."""
        for value in sorted(self._known, key=len, reverse=True):
            text = text.replace(value, MASK)
        return mask(text)

    def _from_file(self, name: str) -> str | None:
        for folder in secret_folders(self._home):
            path = folder / name
            if path.is_file():
                return read_text(path, self._home.shown(path)).strip() or None
        return None

    def _from_dotenv(self, name: str) -> str | None:
        given = self._dotenv.get(name)
        return given.value if given else None

    @cached_property
    def _dotenv(self) -> Variables:
        return from_dotenv(self._home)
