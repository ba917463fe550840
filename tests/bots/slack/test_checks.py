"""What the doctor says of a Slack app."""

from typing import Literal

import pytest

from bots.slack.checks import problems
from deskhand.testing.slack import FakeSlack
from deskhand.testing.slack.server import APP_TOKEN, BOT_TOKEN
from settings import Home
from settings.secrets import Secrets
from settings.sections.bots import SlackSettings


async def _checked(slack: FakeSlack, home: Home, mode: Literal["socket", "http"] = "socket") -> list[str]:
    return await problems(SlackSettings(base_url=slack.base_url, mode=mode), Secrets(home))


async def test_an_app_that_is_well_set_up_has_no_problem(
    slack: FakeSlack, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", BOT_TOKEN)
    monkeypatch.setenv("SLACK_APP_TOKEN", APP_TOKEN)
    assert await _checked(slack, home) == []


async def test_each_thing_that_is_missing_is_a_line(
    slack: FakeSlack, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await _checked(slack, home) == ["SLACK_BOT_TOKEN is not set", "SLACK_APP_TOKEN is not set"]
    monkeypatch.setenv("SLACK_BOT_TOKEN", BOT_TOKEN)
    assert await _checked(slack, home, "http") == ["SLACK_SIGNING_SECRET is not set"]
    monkeypatch.setenv("SLACK_APP_TOKEN", "xoxb-mixed-up")
    assert await _checked(slack, home) == ["SLACK_APP_TOKEN holds no token that begins with xapp-"]
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-wrong")
    slack.scopes -= {"usergroups:read", "users:read"}
    groups, users, socket = await _checked(slack, home)
    assert groups.startswith("the app lacks the scope usergroups:read (the groups of who asks)")
    assert users.startswith("the app lacks the scope users:read (who is a guest)")
    assert socket.startswith("SLACK_APP_TOKEN: Slack: invalid_auth")
