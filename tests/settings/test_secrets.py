import json
import string
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from settings import DeskhandError, Home, load_settings
from settings.load import SECTIONS
from settings.masking import MASK, looks_secret, mask, maybe_secret
from settings.secrets import Secrets

Write = Callable[[str, str | bytes], Path]

_MIXED = string.ascii_letters + string.digits


FEW = settings(max_examples=20, deadline=None)
"""Each probe loads settings some dozen times; together they are some thousand."""


def _random(least: int, most: int) -> st.SearchStrategy[str]:
    """Letters and digits, mixed at least once."""
    return st.builds(
        lambda head, rest: f"{head}4f{rest}",
        st.sampled_from(string.ascii_letters),
        st.text(_MIXED, min_size=least, max_size=most),
    )


MARKED_KEYS = st.one_of(
    st.builds(
        "{}{}".format,
        st.sampled_from(["sk-", "sk-ant-", "sk-proj-", "ghp_", "hf_", "gsk_", "xai-", "pplx-", "xoxb-", "xapp-"]),
        _random(20, 60),
    ),
    st.builds("AIza{}".format, st.text(_MIXED, min_size=35, max_size=35)),
    st.builds("AKIA{}".format, st.text(string.ascii_uppercase + string.digits, min_size=16, max_size=16)),
    st.builds(
        "M{}.{}.{}".format,
        st.text(_MIXED, min_size=24, max_size=26),
        st.text(_MIXED, min_size=6, max_size=6),
        st.text(_MIXED, min_size=30, max_size=38),
    ),
)
KEYS = MARKED_KEYS | _random(20, 60)

PLACES = [
    ("settings/bots.yaml", "slack: [{{bot_token_env: {}}}]"),
    ("settings/bots.yaml", "discord:\n  - name: {}"),
    ("settings/models.yaml", "{}"),
    ("settings/models.yaml", "{}: 1"),
    ("settings/models.yaml", "{}: 1\n{}: 2"),
    ("settings/models.yaml", "models: {}"),
    ("settings/models.yaml", "models: *{}"),
    ("settings/models.yaml", "models: !{} x"),
    ("settings/models.yaml", "models: [{}"),
    ("settings/models.yaml", "models:\n  {}: {{api_base: x}}"),
    ("settings/models.yaml", "models:\n  {}: {{model: x}}\nroutes: {{answer: [gtp]}}"),
    ("settings/models.yaml", "models:\n  a: {}"),
    ("settings/models.yaml", "models:\n  a: {{model: x, api_key: {}}}"),
    ("settings/models.yaml", "models:\n  a: {{model: x, api_key_env: {}}}"),
    ("settings/models.yaml", "models:\n  a: {{model: x, api_base: {}}}"),
    ("settings/models.yaml", "models:\n  a: {{model: x, timeout_seconds: {}}}"),
    ("settings/models.yaml", "models:\n  a: {{model: x, parameters: {{api_key: {}}}}}"),
    ("settings/models.yaml", "routes: {{{}: [gtp]}}"),
    ("settings/models.yaml", "routes: {{answer: {}}}"),
    ("settings/models.yaml", "routes: {{answer: [{}]}}"),
    ("settings/assistant.yaml", "plugins: {}"),
    ("settings/assistant.yaml", "deadline_seconds: {}"),
    ("settings/assistant.yaml", "plugins:\n  - {}: 7"),
    ("settings/knowledge.yaml", "language: {}"),
    ("settings/knowledge.yaml", "search: {{passages: {}}}"),
    ("settings/{}.yaml", "x: 1"),
    (".env", "{} x"),
    (".env", "DESKHAND_{}=1"),
    (".env", "DESKHAND_MODELS={}"),
    (".env", "DESKHAND_MODELS__MODELS__A__API_KEY={}"),
    (".env", "DESKHAND_MODELS__ROUTES__ANSWER={}"),
    (".env", "DESKHAND_KNOWLEDGE__SEARCH__PASSAGES={}"),
    ("settings/secrets/DESKHAND_MODELS", "{}"),
    ("settings/secrets/DESKHAND_MODELS__ROUTES__ANSWER", "{}"),
    ("settings/secrets/DESKHAND_{}", "x"),
]

VARIABLES = [
    ("DESKHAND_{}", "x"),
    ("DESKHAND_{}__NAME", "x"),
    ("DESKHAND_SECRETS_DIR", "/nowhere/{}"),
    ("DESKHAND_MODELS", "{}"),
    ("DESKHAND_MODELS__{}", "x"),
    ("DESKHAND_MODELS__MODELS__A__API_KEY", "{}"),
    ("DESKHAND_MODELS__MODELS__A__API_KEY_ENV", "{}"),
    ("DESKHAND_MODELS__ROUTES__ANSWER", "{}"),
    ("DESKHAND_MODELS__ROUTES__ANSWER", '["{}"]'),
    ("DESKHAND_ASSISTANT__PLUGINS", "{}"),
    ("DESKHAND_ASSISTANT__DEADLINE_SECONDS", "{}"),
    ("DESKHAND_KNOWLEDGE__LANGUAGE", "{}"),
]


def _error(home: Home) -> str:
    with pytest.raises(DeskhandError) as caught:
        load_settings(home)
    assert caught.value.__cause__ is None
    return f"{caught.value} {caught.value!r} {caught.value.args}"


@pytest.mark.parametrize(("path", "content"), PLACES)
@FEW
@given(key=KEYS)
def test_no_error_shows_a_key_that_stands_in_a_wrong_place_of_a_file(path: str, content: str, key: str) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, path.format(key))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content.replace("{}", key).replace("{{", "{").replace("}}", "}"))
        error = _error(Home(Path(folder)))
    assert key not in error
    assert key.lower() not in error.lower()


@pytest.mark.parametrize(("name", "value"), VARIABLES)
@FEW
@given(key=KEYS)
def test_no_error_shows_a_key_that_stands_in_a_wrong_variable(name: str, value: str, key: str) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv(name.format(key), value.replace("{}", key))
        error = _error(Home(Path(folder)))
    assert key.lower() not in error.lower()


@FEW
@given(key=MARKED_KEYS)
def test_a_key_in_a_setting_that_would_otherwise_be_accepted_is_refused_in_one_line(key: str) -> None:
    accepted: list[tuple[str, dict[str, Any]]] = [
        ("assistant", {"name": key[:80]}),
        ("assistant", {"contact": f"ask {key}"}),
        ("assistant", {"plugins": [{"rag": {"note": key}}]}),
        ("knowledge", {"ignore": [key]}),
        ("models", {"models": {"a": {"model": f"openai/{key}"}}}),
        ("models", {"models": {"a": {"model": "x", "parameters": {"headers": {"x-name": key}}}}}),
        ("models", {"models": {key: {"model": "x"}}}),
    ]
    for section, data in accepted:
        with TemporaryDirectory() as folder:
            file = Path(folder, "settings", f"{section}.yaml")
            file.parent.mkdir()
            file.write_text(yaml.safe_dump(data))
            error = _error(Home(Path(folder)))
        assert "holds what looks like a key: put it in the environment and name it in api_key_env" in error
        assert key not in error
        with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setenv(f"DESKHAND_{section.upper()}", json.dumps(data))
            error = _error(Home(Path(folder)))
        assert error.startswith(f"environment DESKHAND_{section.upper()}: ")
        assert key not in error


@FEW
@given(key=KEYS)
def test_a_key_in_place_of_its_name_is_refused(key: str) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, "settings", "models.yaml")
        file.parent.mkdir()
        file.write_text(f"models:\n  a:\n    model: x\n    api_key_env: {key}\n")
        error = _error(Home(Path(folder)))
    assert error.startswith("settings/models.yaml:4: ")
    assert key not in error


@pytest.mark.parametrize(
    "text",
    [
        "openai/gpt-5-mini",
        "anthropic/claude-sonnet-4-20250514",
        "sentence-transformers/all-MiniLM-L6-v2",
        "ollama_chat/llama3.2",
        "ask-the-people-team-about-it",
        "customerSupportAssistant2024",
        "http://127.0.0.1:8080/v1",
        "OPENAI_API_KEY",
    ],
)
def test_names_of_models_and_addresses_are_no_keys(text: str) -> None:
    assert not maybe_secret(text)
    assert mask(text) == text


def test_a_checksum_may_stand_in_a_file_but_is_masked_in_errors() -> None:
    replicate = "replicate/meta/llama:02e509c789964a7ea8736978a43525956ef40397be9033abf9fd2badfe68c9e3"
    assert not looks_secret(replicate)
    assert mask(replicate) == f"replicate/meta/llama:{MASK}"


def test_a_secret_is_found_in_the_environment_then_in_a_secrets_folder_then_in_dotenv(
    home: Home, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> str | None:
        secret = Secrets(home).get("OPENAI_API_KEY")
        return secret.get_secret_value() if secret else None

    assert found() is None
    write(".env", "OPENAI_API_KEY='from dotenv'\n")
    assert found() == "from dotenv"
    write("settings/secrets/OPENAI_API_KEY", "from a file\n")
    assert found() == "from a file"
    monkeypatch.setenv("OPENAI_API_KEY", "from the environment")
    assert found() == "from the environment"
    monkeypatch.setenv("OPENAI_API_KEY", "")
    write("settings/secrets/OPENAI_API_KEY", "\n")
    assert found() == "from dotenv"


@pytest.mark.parametrize("path", [".env", "settings/secrets/OPENAI_API_KEY"])
def test_a_secret_file_that_is_not_utf8_is_one_line_without_its_content(home: Home, write: Write, path: str) -> None:
    write(path, b"OPENAI_API_KEY=abc\xff\n")
    with pytest.raises(DeskhandError) as caught:
        Secrets(home).get("OPENAI_API_KEY")
    assert str(caught.value) == f"{path}:1: not UTF-8: save the file as UTF-8"


@FEW
@given(value=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=4, max_size=60), around=st.text())
def test_what_was_handed_out_is_redacted_whatever_it_looks_like(value: str, around: str) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ODD_KEY", value)
        secrets = Secrets(Home(Path(folder)))
        secret = secrets.get("ODD_KEY")
        assert secret is not None
        shown = secrets.redact(f"{around}{value}{around}")
        assert MASK in shown
        assert value not in shown.replace(MASK, "") or value in around.replace(value, "")
        assert value not in f"{secret} {secret!r} {secrets!r}" or value in MASK


@FEW
@given(key=KEYS)
def test_what_looks_like_a_key_is_redacted_though_nobody_handed_it_out(key: str) -> None:
    with TemporaryDirectory() as folder:
        shown = Secrets(Home(Path(folder))).redact(f"401: Incorrect API key provided: {key}. Try again")
    assert key not in shown
    assert shown.startswith("401: Incorrect API key provided: ")
    assert shown.endswith(". Try again")


def test_a_secret_inside_a_longer_one_leaves_nothing_of_the_longer_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHORT", "correct-horse")
    monkeypatch.setenv("LONG", "correct-horse-battery")
    secrets = Secrets(home)
    secrets.get("SHORT")
    secrets.get("LONG")
    assert secrets.redact("<correct-horse-battery>") == f"<{MASK}>"


def test_no_repr_of_the_settings_shows_what_variables_and_files_hold(home: Home, write: Write) -> None:
    write(".env", "OPENAI_API_KEY=correct-horse-battery\nDESKHAND_ASSISTANT__NAME=Otto\n")
    write("settings/secrets/SLACK_TOKEN", "staple-of-the-day")
    write("settings/models.yaml", "models:\n  a: {model: x, api_key_env: OPENAI_API_KEY}\n")
    loaded = load_settings(home)
    assert loaded.secrets.get("OPENAI_API_KEY") is not None
    assert loaded.secrets.get("SLACK_TOKEN") is not None
    shown = f"{loaded!r} {loaded.variables!r} {loaded.secrets!r}"
    assert "correct-horse-battery" not in shown
    assert "staple-of-the-day" not in shown
    assert "OPENAI_API_KEY" in shown


def test_every_section_of_the_settings_is_probed_for_keys() -> None:
    probed = {Path(path).stem for path, _ in PLACES}
    assert set(SECTIONS) <= probed
