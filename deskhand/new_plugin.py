"""`deskhand plugins new NAME`: a plugin with its test, green at once."""

import keyword
import re

from plugins.loading import SHIPPED
from settings import Home, UsageError
from settings.home import CHECKOUT

_PLUGIN = '''"""{name}: says which text it adds to every answer."""

from deskhand import CallNext, Options, Pieces, Plugin, Reply, Turn


class {title}Options(Options):
    """What can be set below `- {name}` in settings/assistant.yaml."""

    text: str = "Was this helpful?"
    """Added to every answer that was found."""


class {title}(Plugin[{title}Options]):
    """Adds a sentence to every answer."""

    Options = {title}Options

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        reply = await call_next(turn)
        return Reply(pieces=self._with_text(reply))

    async def _with_text(self, reply: Reply) -> Pieces:
        async for piece in reply:
            yield piece
        if reply.outcome.status == "answered":
            yield "\\n\\n" + self.options.text
'''

_TEST = '''"""Run it with `pytest {folder}`."""

from pathlib import Path

from deskhand.testing import ChainMaker

FILE = Path(__file__).with_name("{name}.py")


async def test_its_text_is_added(chain: ChainMaker) -> None:
    async with chain(FILE, answer="Five weeks.") as asked:
        assert await asked("how much leave do I have?") == "Five weeks.\\n\\nWas this helpful?"


async def test_the_text_can_be_set(chain: ChainMaker) -> None:
    async with chain(FILE, answer="Five weeks.", options={{"text": "Anything else?"}}) as asked:
        assert await asked("how much leave do I have?") == "Five weeks.\\n\\nAnything else?"
'''

_CONFTEST = """# the fixtures of deskhand.testing; `pytest_plugins` is refused where pytest is started further up
from deskhand.testing import *  # noqa: F403
"""

_PYTEST_INI = """[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
"""


def make_plugin(home: Home, name: str) -> str:
    """Write the files and return what to do next. Raises UsageError where one is there already."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise UsageError(f"{name!r} cannot be a plugin's name: small letters, digits and _, as in `office_hours`")
    if name in SHIPPED:
        raise UsageError(f"{name!r} ships with Deskhand: choose another name")
    if home.root == CHECKOUT:
        raise UsageError("the checkout's plugins/ is Deskhand's own code: name your home with --home DIR")
    file, test = home.plugins / f"{name}.py", home.plugins / f"test_{name}.py"
    for path in (file, test):
        if path.exists():
            raise UsageError(f"{path} is there already: nothing was changed")
    title = name.title().replace("_", "")
    try:
        home.plugins.mkdir(parents=True, exist_ok=True)
        file.write_text(_PLUGIN.format(name=name, title=title), encoding="utf-8")
        test.write_text(_TEST.format(name=name, folder=home.shown(home.plugins)), encoding="utf-8")
        for helper, text in (("conftest.py", _CONFTEST), ("pytest.ini", _PYTEST_INI)):
            if not (home.plugins / helper).exists():
                (home.plugins / helper).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{home.plugins}: {error.strerror or error}") from None
    return (
        f"made {file}\n     {test}\n\nTry it:      pytest {test}\nThen name it in {home.settings}/assistant.yaml, "
        f"where it shall stand in the chain:\n\n  plugins:\n  - {name}:\n      text: Was this helpful?"
    )
