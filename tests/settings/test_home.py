from pathlib import Path

import pytest

from settings import Home, UsageError, find_home
from settings.home import CHECKOUT


def test_the_checkout_is_the_home_of_last_resort() -> None:
    assert find_home() == Home(CHECKOUT)
    assert (CHECKOUT / "pyproject.toml").is_file()


def test_the_chosen_folder_wins_over_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    monkeypatch.setenv("DESKHAND_HOME", str(tmp_path / "a"))
    assert find_home().root == tmp_path / "a"
    assert find_home(tmp_path / "b").root == tmp_path / "b"


def test_a_relative_home_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "h").mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_home("h").root == tmp_path / "h"


def test_a_tilde_is_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_home("~").root == tmp_path


def test_a_missing_home_is_wrong_use_and_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "nowhere"
    with pytest.raises(UsageError) as chosen:
        find_home(missing)
    assert (
        str(chosen.value) == f"--home: there is no folder {missing}: `deskhand init {missing}` makes a new home there"
    )
    monkeypatch.setenv("DESKHAND_HOME", str(missing))
    with pytest.raises(UsageError, match=r"^DESKHAND_HOME: there is no folder"):
        find_home()


@pytest.mark.parametrize("named", ["", " ", "x" * 5000, "~no-such-user/x", "a\0b"])
def test_what_cannot_be_a_folder_is_wrong_use_and_never_the_checkout(named: str) -> None:
    with pytest.raises(UsageError, match=r"^--home: "):
        find_home(named)


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESKHAND_HOME", "")
    assert find_home().root == CHECKOUT


def test_all_paths_lie_inside_the_home_and_are_shown_relative_to_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    paths = [home.settings, home.knowledge, home.documents, home.data, home.database]
    assert [home.shown(path) for path in paths] == [
        "settings",
        "knowledge",
        "knowledge/docs",
        "data",
        "data/deskhand.db",
    ]
    assert home.shown(tmp_path.parent / "else") == str(tmp_path.parent / "else")
