import sys
from pathlib import Path

import pytest

from deskhand.guard import ROOMS, check_rooms, foreign_rooms
from settings import DeskhandError
from settings.home import CHECKOUT


def test_the_rooms_of_this_checkout_are_the_ones_that_are_imported() -> None:
    check_rooms()
    assert foreign_rooms() == {}


def test_the_rooms_are_the_checkouts_packages() -> None:
    assert all((CHECKOUT / room / "__init__.py").is_file() for room in ROOMS)


def test_another_package_of_the_same_name_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bots").mkdir()
    (tmp_path / "bots" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "bots", raising=False)
    with pytest.raises(DeskhandError) as caught:
        check_rooms()
    assert str(caught.value) == (
        f"the package `bots` is imported from {tmp_path / 'bots'}, not from {CHECKOUT}: another distribution hides it. "
        "Use a virtual environment that holds Deskhand alone"
    )


def test_a_distribution_that_also_installs_a_room_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    information = tmp_path / "botkit-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: botkit\nVersion: 1.0\n")
    (information / "top_level.txt").write_text("bots\nbotkit\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert foreign_rooms() == {"bots": ["botkit"]}
