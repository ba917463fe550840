"""What `deskhand` gives plugin authors: exactly these names, each documented; old ones warn first."""

import inspect

import pytest

import deskhand
import plugins
from settings.home import CHECKOUT

NAMES = """
CallNext Citation CommandCall Completion Context Example Exchange Found Message ModelError
OptionError Options Outcome Passage Person Piece
Pieces Place Plugin PostError Prompt Quote Replace Reply Search Status StopChain Trace Turn Usage
command health_check job
"""


def test_the_names_are_exactly_these_and_each_is_documented() -> None:
    assert sorted(deskhand.__all__) == NAMES.split()
    for name in deskhand.__all__:
        value = getattr(deskhand, name)
        assert value is getattr(plugins, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), name


def test_authors_may_check_their_types() -> None:
    for room in ("bots", "deskhand", "knowledge", "plugins", "settings"):
        assert (CHECKOUT / room / "py.typed").is_file()


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'deskhand' has no attribute 'Chain'"):
        _ = deskhand.Chain


def test_an_old_name_warns_and_still_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(deskhand._DEPRECATED, "Answer", "Reply")
    with pytest.warns(DeprecationWarning, match="deskhand.Answer will go: use Reply"):
        assert deskhand.Answer is plugins.Reply
