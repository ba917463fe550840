from collections.abc import Callable
from pathlib import Path

import pytest

from settings import Home, Settings, SettingsError, load_settings
from settings.sections import ChunkSettings

Write = Callable[[str, str | bytes], Path]

ASSISTANT, KNOWLEDGE, MODELS = (f"settings/{name}.yaml" for name in ("assistant", "knowledge", "models"))


def _mistakes(home: Home) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(home)
    return str(caught.value).split("\n")


def test_a_home_without_settings_runs_with_the_defaults(settings: Settings) -> None:
    assert settings.files == {}
    assert settings.assistant.name == "Deskhand"
    assert [entry.name for entry in settings.assistant.plugins] == [
        "guard",
        "persona",
        "history",
        "rag",
        "output",
        "answer",
    ]
    assert settings.models.routes == {"answer": ["extractive"]}


def test_the_environment_wins_over_dotenv_over_secret_files_over_yaml_over_defaults(
    home: Home, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def name() -> str:
        return load_settings(home).assistant.name

    assert name() == "Deskhand"
    write(ASSISTANT, "name: from yaml\n")
    assert name() == "from yaml"
    write("settings/secrets/DESKHAND_ASSISTANT__NAME", "from a secret file\n")
    assert name() == "from a secret file"
    write(".env", "DESKHAND_ASSISTANT__NAME=from dotenv\n")
    assert name() == "from dotenv"
    monkeypatch.setenv("DESKHAND_ASSISTANT__NAME", "from the environment")
    assert name() == "from the environment"


def test_sources_are_merged_setting_by_setting(home: Home, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(MODELS, "models:\n  local: {model: a, api_base: 'http://yaml', timeout_seconds: 7}\n")
    write(".env", "DESKHAND_MODELS__MODELS__LOCAL__API_BASE=http://dotenv\nDESKHAND_MODELS__MODELS__LOCAL__MODEL=b\n")
    monkeypatch.setenv("DESKHAND_MODELS__MODELS__LOCAL__MODEL", "c")
    entry = load_settings(home).models.models["local"]
    assert (entry.model, entry.api_base, entry.timeout_seconds) == ("c", "http://dotenv", 7)


def test_variables_hold_numbers_as_text_and_lists_as_json_in_any_case(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESKHAND_KNOWLEDGE__SEARCH__PASSAGES", "9")
    monkeypatch.setenv("deskhand_knowledge__ignore", '["drafts/*", "*.tmp.md"]')
    monkeypatch.setenv("DESKHAND_MODELS", '{"models": {"a": {"model": "x"}}, "routes": {"answer": ["a"]}}')
    settings = load_settings(home)
    assert settings.knowledge.search.passages == 9
    assert settings.knowledge.ignore == ["drafts/*", "*.tmp.md"]
    assert settings.models.routes == {"answer": ["a"]}


def test_an_empty_variable_counts_as_not_set(home: Home, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(ASSISTANT, "deadline_seconds: 7\n")
    monkeypatch.setenv("DESKHAND_ASSISTANT__DEADLINE_SECONDS", "")
    assert load_settings(home).assistant.deadline_seconds == 7


def test_the_folder_named_in_the_environment_replaces_the_others(
    home: Home, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("settings/secrets/DESKHAND_ASSISTANT__NAME", "home")
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted" / "DESKHAND_ASSISTANT__NAME").write_text("mounted")
    monkeypatch.setenv("DESKHAND_SECRETS_DIR", str(tmp_path / "mounted"))
    assert load_settings(home).assistant.name == "mounted"


MOST_WORDS = ChunkSettings().most_words

ONE_MISTAKE: list[tuple[str, str, str | None]] = [
    (MODELS, "routes:\n  answer:\n    - gpt\nmodels:\n  gpt: {model: x}\n", None),
    (
        MODELS,
        "models:\n  gpt:\n    model: x\n\nroutes:\n  answer: [gpt,\n    gtp]\n",
        ":7: routes.answer[1]: no model named 'gtp' (did you mean gpt?)",
    ),
    (MODELS, "routes:\n  answer: []\n", ":2: routes.answer: names no model (known: extractive)"),
    (
        MODELS,
        "models: {a: {model: x}}\nroutes:\n  answer:\n  - extractive\n  - a\n",
        ":4: routes.answer[0]: extractive always answers: put it last",
    ),
    (
        MODELS,
        "models: {a: {model: x}}\nroutes:\n  answer:\n  - a\n  - a\n",
        ":5: routes.answer[1]: 'a' is listed twice",
    ),
    (MODELS, "models:\n  extractive: {model: x}\n", ":2: models.extractive: this name is taken: choose another"),
    (MODELS, "models:\n  a:\n    api_base: http://x\n", ":2: models.a.model: is required"),
    (MODELS, "models:\n  a:\n    model: x\n    api_key: y\n", ":4: models.a.api_key: no such setting"),
    (
        MODELS,
        "models:\n  a:\n    model: x\n    api_base: ftp://x\n",
        ":4: models.a.api_base: should be an address such as https://host:6333, without user and password: "
        "name the key in api_key_env",
    ),
    (
        MODELS,
        "models:\n  a:\n    model: x\n    parameters:\n      api_key: y\n",
        ":5: models.a.parameters.api_key: keys stay out of files: name it in api_key_env",
    ),
    (
        MODELS,
        "routes:\n  answer: extractive\n",
        ":2: routes.answer: 'extractive': should be a list: a `- value` line for each, or JSON in a variable",
    ),
    (MODELS, "models:\n", ":1: models: should hold `name: value` lines, or JSON in a variable"),
    (ASSISTANT, "name: x\nnme: y\n", ":2: nme: no such setting"),
    (ASSISTANT, "name: [x]\n", ":1: name: input should be a valid string"),
    (
        ASSISTANT,
        "# who\ndeadline_seconds: soon\n",
        ":2: deadline_seconds: 'soon': input should be a valid number, unable to parse string as a number",
    ),
    (
        ASSISTANT,
        "plugins:\n  - rag\n  - answer: 7\n",
        ":3: plugins[1]: options are `name: value` lines below the plugin's name",
    ),
    (
        ASSISTANT,
        "plugins:\n  - rag:\n    passages: 3\n",
        ":2: plugins[0]: a plugin is its name, or its name with options below it",
    ),
    (ASSISTANT, "plugins: [7]\n", ":1: plugins[0]: 7: a plugin is its name, or its name with options below it"),
    (ASSISTANT, "name: x\nname: y\n", ":2: name is set twice (first in line 1)"),
    (ASSISTANT, "name:\n\t- x\n", ":2: not YAML: a tab: indent with spaces"),
    (KNOWLEDGE, "search:\n  passages: 0\n", ":2: search.passages: 0: input should be greater than or equal to 1"),
    (
        KNOWLEDGE,
        "chunk:\n  target_words: 100\n  most_words: 50\n",
        ":3: chunk.most_words: 50 is less than target_words (100)",
    ),
    (
        KNOWLEDGE,
        "chunk:\n  target_words: 900\n",
        f":1: chunk.most_words: {MOST_WORDS} is less than target_words (900)",
    ),
    ("settings/asistant.yaml", "name: x\n", ": no settings file has this name (did you mean assistant.yaml?)"),
    ("settings/models.yml", "models: {}\n", ": no settings file has this name (did you mean models.yaml?)"),
    ("settings/chats.yaml", "x: 1\n", ": no settings file has this name (known: assistant.yaml, knowledge.yaml, "),
    (MODELS, "routes:\n  anser: [extractive]\n", ":2: routes.anser: nothing uses this route (did you mean answer?)"),
    (MODELS, "routes:\n  answer: [extractive]\n  answer_brief: [extractive]\n", None),
    (MODELS, "routes:\n  answer: [extractive]\n  answers: [extractive]\n", None),
    (
        MODELS,
        "rules:\n- {use: anser, when: {groups: [a]}}\nroutes: {answer: [extractive], anser: [extractive]}\n",
        None,
    ),
    (
        MODELS,
        "rules:\n- {use: anser, when: {groups: [a]}}\n",
        ":2: rules[0].use: no route named 'anser' (did you mean answer?)",
    ),
    (KNOWLEDGE, "serach: {}\n", ":1: serach: no such setting (did you mean search?)"),
    (KNOWLEDGE, "sync:\n  shedule: null\n", ":2: sync.shedule: no such setting (did you mean schedule?)"),
    (
        KNOWLEDGE,
        "sources:\n- {name: a, folder: b, pattern: c}\n",
        ":2: sources[0].pattern: no such setting (known: name, folder, ",
    ),
    (KNOWLEDGE, "store: {colour: red}\n", ":1: store.colour: no such setting (known: url, "),
]


@pytest.mark.parametrize(("path", "content", "expected"), ONE_MISTAKE)
def test_a_mistake_in_a_file_is_one_line_with_file_and_line(
    home: Home, write: Write, path: str, content: str, expected: str | None
) -> None:
    write(path, content)
    if expected is None:
        load_settings(home)
        return
    [line] = _mistakes(home)
    assert line.startswith(path + expected)


ONE_BAD_VARIABLE = [
    ("DESKHAND_ASSISTANT__NAM", "x", "nam: no such setting (did you mean name?)"),
    (
        "DESKHAND_ASSISTANT__DEADLINE_SECONDS",
        "soon",
        "deadline_seconds: 'soon': input should be a valid number, unable to parse string as a number",
    ),
    (
        "DESKHAND_MODELS__ROUTES__ANSWER",
        "gtp",
        "routes.answer: 'gtp': should be a list: a `- value` line for each, or JSON in a variable",
    ),
    ("DESKHAND_MODELS__ROUTES__ANSWER", '["gtp"]', "routes.answer[0]: no model named 'gtp' (known: extractive)"),
    ("DESKHAND_MODELS__ROUTES", "gtp", "routes: write a list or mapping as JSON"),
    ("DESKHAND_MODELS", "gtp", "models: write a list or mapping as JSON"),
    (
        "DESKHAND_MODELS",
        '{"routes": {"answer": ["gtp"]}}',
        "routes.answer[0]: no model named 'gtp' (known: extractive)",
    ),
    ("DESKHAND_MODELS__MODELS__A__API_BASE", "http://x", "models.a.model: is required"),
    ("DESKHAND_MODELS__MODELS", '{"a": {}}', "models.a.model: is required"),
    (
        "DESKHAND_KNOWLEDGE__CHUNK__TARGET_WORDS",
        "900",
        f"chunk.most_words: {MOST_WORDS} is less than target_words (900)",
    ),
    (
        "DESKHAND_ASISTANT__NAME",
        "x",
        "no setting is named DESKHAND_ASISTANT__NAME (did you mean DESKHAND_ASSISTANT__NAME?)",
    ),
    (
        "DESKHAND_COLOUR",
        "x",
        "no setting is named DESKHAND_COLOUR (known: DESKHAND_HOME, DESKHAND_SECRETS_DIR, "
        "DESKHAND_ASSISTANT__..., DESKHAND_KNOWLEDGE__..., DESKHAND_MODELS__..., DESKHAND_BOTS__...)",
    ),
]


@pytest.mark.parametrize(("name", "value", "expected"), ONE_BAD_VARIABLE)
@pytest.mark.parametrize("source", ["environment", ".env", "secret file"])
def test_a_bad_variable_is_one_line_that_names_the_place_where_it_was_set(
    home: Home, write: Write, monkeypatch: pytest.MonkeyPatch, source: str, name: str, value: str, expected: str
) -> None:
    write(ASSISTANT, "deadline_seconds: 3\n")
    if source == "environment":
        monkeypatch.setenv(name, value)
        place = f"environment {name}"
    elif source == ".env":
        write(".env", f"# secrets\n\n{name}='{value}'\n")
        place = ".env:3"
    else:
        write(f"settings/secrets/{name}", value)
        place = f"settings/secrets/{name}"
    assert _mistakes(home) == [f"{place}: {expected}"]


def test_a_file_keeps_the_blame_for_what_a_variable_beside_it_does_not_set(
    home: Home, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(MODELS, "models:\n  a: {model: x}\nroutes:\n  answer: [gtp]\n")
    monkeypatch.setenv("DESKHAND_MODELS", '{"models": {"b": {"model": "y"}}}')
    assert _mistakes(home) == [f"{MODELS}:4: routes.answer[0]: no model named 'gtp' (known: a, b, extractive)"]


def test_all_mistakes_of_all_files_and_variables_are_told_at_once(
    home: Home, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(ASSISTANT, "nme: x\ndeadline_seconds: -1\n")
    write(KNOWLEDGE, "a: [\n")
    write("settings/chats.yaml", "x: 1\n")
    write(".env", "DESKHAND_ASISTANT=1\n===\n")
    monkeypatch.setenv("DESKHAND_MODELS__ROUTES__ANSWER", "7")
    monkeypatch.setenv("DESKHAND_TYPO", "7")
    places = [line.partition(": ")[0] for line in _mistakes(home)]
    assert sorted(places) == sorted(
        [
            f"{ASSISTANT}:1",
            f"{ASSISTANT}:2",
            f"{KNOWLEDGE}:2",
            "settings/chats.yaml",
            ".env:2",
            "environment DESKHAND_MODELS__ROUTES__ANSWER",
            "environment DESKHAND_TYPO",
        ]
    )


@pytest.mark.parametrize("path", [".env", ASSISTANT, "settings/secrets/DESKHAND_ASSISTANT__NAME"])
def test_a_file_that_is_not_utf8_is_one_line(home: Home, write: Write, path: str) -> None:
    write(path, b"name\n# caf\xe9\n")
    assert _mistakes(home) == [f"{path}:2: not UTF-8: save the file as UTF-8"]


def test_a_dotenv_with_a_byte_order_mark_is_read(home: Home, write: Write) -> None:
    write(".env", b"\xef\xbb\xbfDESKHAND_ASSISTANT__NAME=Otto\n")
    assert load_settings(home).assistant.name == "Otto"


def test_a_missing_secrets_folder_is_one_line(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESKHAND_SECRETS_DIR", "/nowhere/at/all")
    assert _mistakes(home) == ["environment DESKHAND_SECRETS_DIR: there is no folder /nowhere/at/all"]


def test_other_files_of_the_secrets_folder_and_of_the_environment_are_not_settings(
    home: Home, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("settings/secrets/OPENAI_API_KEY", b"\xff\xfe not even text")
    write(".env", "SLACK_BOT_TOKEN=x\n")
    write("settings/.#models.yaml", "left by an editor: [")
    write("settings/notes.txt", "x")
    monkeypatch.setenv("DESKHANDLE", "x")
    assert load_settings(home).models.models == {}


def test_models_may_bear_names_that_yaml_would_take_for_something_else(home: Home, write: Write) -> None:
    write(MODELS, "models:\n  on: {model: x}\n  7: {model: y}\nroutes:\n  answer: ['on', '7']\n")
    assert list(load_settings(home).models.models) == ["on", "7"]


def test_a_setting_that_contains_itself_is_a_mistake_and_no_crash(home: Home, write: Write) -> None:
    write(ASSISTANT, "name: &a [*a]\n")
    assert _mistakes(home) == [f"{ASSISTANT}:1: name: input should be a valid string"]


def test_a_settings_file_is_searched_in_the_home_before_the_shipped_ones_and_nowhere_else(
    home: Home, write: Write
) -> None:
    settings = load_settings(home)
    shipped = settings.file("personas/default.md")
    assert shipped is not None
    assert not shipped.is_relative_to(home.root)
    own = write("settings/personas/default.md", "mine")
    assert settings.file("personas/default.md") == own
    write("outside.md", "x")
    assert settings.file("../outside.md") is None
    assert settings.file("personas/nowhere.md") is None


def test_settings_cannot_be_changed_after_loading(settings: Settings) -> None:
    with pytest.raises(ValueError, match="frozen"):
        settings.assistant.name = "x"  # type: ignore[misc]


def test_a_problem_of_a_plugin_is_placed_in_its_file(home: Home, write: Write) -> None:
    write(ASSISTANT, "name: x\nplugins:\n  - rag:\n      passages: 3\n  - answer\n")
    settings = load_settings(home)
    problem = settings.problem(("assistant", "plugins", 0, "rag", "passages"), "too few")
    assert str(problem) == f"{ASSISTANT}:4: plugins[0].rag.passages: too few"


@pytest.mark.parametrize(
    "parameters",
    [
        "{API_KEY: hunter2}",
        "{aws_secret_access_key: x}",
        "{extra_headers: {Authorization: Bearer x}}",
        "{a: [{token: x}]}",
    ],
)
def test_parameters_that_are_keys_by_their_name_are_refused(
    home: Home, write: Callable[[str, str | bytes], Path], parameters: str
) -> None:
    write("settings/models.yaml", f"models:\n  main:\n    model: openai/x\n    parameters: {parameters}\n")
    with pytest.raises(SettingsError, match=r"settings/models.yaml:4: .*keys stay out of files"):
        load_settings(home)


@pytest.mark.parametrize("file", ["models.yaml", "knowledge.yaml"])
def test_a_password_in_an_address_is_refused_and_not_shown(
    home: Home, write: Callable[[str, str | bytes], Path], file: str
) -> None:
    url = "http://admin:s3cretpw@host:6333"
    text = (
        f"store: {{url: '{url}'}}\n"
        if file == "knowledge.yaml"
        else f"models: {{m: {{model: x, api_base: '{url}'}}}}\n"
    )
    write(f"settings/{file}", text)
    with pytest.raises(SettingsError, match="without user and password") as caught:
        load_settings(home)
    assert "s3cretpw" not in str(caught.value)
