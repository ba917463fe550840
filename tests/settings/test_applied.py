import json
from collections.abc import Callable
from pathlib import Path

from settings import Home, load_settings
from settings.applied import applied_at, changes, record_applied

Write = Callable[[str, str], Path]


def test_what_was_recorded_is_no_change(home: Home, write: Write) -> None:
    write("settings/models.yaml", "models: {main: {model: openai/x}}\nroutes: {answer: [main]}\n")
    assert applied_at(home) is None
    record_applied(load_settings(home))
    assert applied_at(home) is not None
    assert changes(load_settings(home)) == []


def test_a_persona_that_changed_is_a_change(home: Home, write: Write) -> None:
    write("settings/personas/it.md", "kind")
    record_applied(load_settings(home))
    write("settings/personas/it.md", "brief")
    assert [change.setting for change in changes(load_settings(home))] == ["files.settings/personas/it.md"]


def test_the_record_holds_nothing_that_looks_or_is_named_like_a_key(home: Home, write: Write) -> None:
    options = "{webhook: 'https://hooks.example/T0/B0/zzz', api_key: abcdef, nested: [{token: t0}]}"
    write("settings/assistant.yaml", f"plugins:\n  - rag\n  - 'x:Y': {options}\n")
    record_applied(load_settings(home))
    text = (home.data / "applied-settings.json").read_text()
    assert not any(secret in text for secret in ("hooks.example", "abcdef", "t0"))
    assert json.loads(text)["settings"]["assistant"]["plugins"][1]["name"] == "x:Y"


def test_a_record_that_is_broken_counts_as_none(home: Home, write: Write) -> None:
    write("data/applied-settings.json", "{")
    assert applied_at(home) is None
    assert changes(load_settings(home)) == []
