"""`bots.yaml`: mistakes with their file and line."""

import pytest

from settings import Home, load_settings
from settings.errors import SettingsError


def _problems(home: Home, text: str) -> list[str]:
    home.settings.mkdir(parents=True, exist_ok=True)
    (home.settings / "bots.yaml").write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_settings(home)
    return [str(problem) for problem in raised.value.problems]


def test_a_home_without_bots_has_only_the_terminal(home: Home) -> None:
    bots = load_settings(home).bots
    assert (bots.slack, bots.discord, bots.limits.at_a_time) == ([], [], 8)


def test_mistakes_are_told_with_their_line(home: Home) -> None:
    [port, misspelt] = _problems(home, "slack:\n  - mode: http\n    port: 99999\ndiscord:\n  - tokens: x\n")
    assert "settings/bots.yaml:3" in port
    assert "settings/bots.yaml:5" in misspelt
    assert "no such setting" in misspelt


def test_two_bots_of_one_name_would_share_their_questions(home: Home) -> None:
    [problem] = _problems(home, "slack:\n  - name: chat\ndiscord:\n  - name: chat\n")
    assert "settings/bots.yaml:4" in problem
    assert "'chat' is taken by another bot" in problem


def test_a_token_in_the_place_of_its_name_is_not_repeated(home: Home) -> None:
    token = "xoxb-" + "123456789012-1234567890123-" + "a1B2c3D4e5F6g7H8i9J0k1L2"
    shown = "\n".join(_problems(home, f"slack:\n  - bot_token_env: {token}\n"))
    assert "settings/bots.yaml:2" in shown
    assert token not in shown
