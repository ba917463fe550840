import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from settings import Home, load_settings
from settings.home import CHECKOUT
from settings.load import SECTIONS
from settings.schema import schema_files

FOLDER = CHECKOUT / "settings"


@pytest.mark.parametrize("name", SECTIONS)
def test_the_committed_schema_is_up_to_date(name: str) -> None:
    committed = json.loads((FOLDER / f"{name}.schema.json").read_text())
    assert committed == schema_files()[name], "run `deskhand settings schema --write`"


@pytest.mark.parametrize("name", SECTIONS)
def test_a_shipped_file_names_its_schema_and_satisfies_it(name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text()
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={name}.schema.json"
    schema = schema_files()[name]
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(yaml.safe_load(text))


def test_there_is_a_schema_and_a_file_for_every_section_and_no_other() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(SECTIONS)
    assert {path.name for path in FOLDER.glob("*.json")} == {f"{name}.schema.json" for name in SECTIONS}


def test_the_shipped_settings_load_and_say_what_they_claim() -> None:
    settings = load_settings(Home(CHECKOUT))
    assert settings.assistant.name == "Deskhand"
    assert settings.assistant.contact == "the People team (people@larkfield.example)"
    assert [entry.name for entry in settings.assistant.plugins] == [
        "guard",
        "persona",
        "history",
        "rag",
        "output",
        "answer",
    ]
    assert settings.assistant.plugins[2].options == {"messages": 8}
    assert settings.file(settings.assistant.plugins[1].options["prompt"]) == FOLDER / "personas" / "default.md"
    assert settings.knowledge.language == "english"
    assert (settings.knowledge.search.passages, settings.knowledge.search.per_document) == (6, 3)
    assert settings.models.models == {}
    assert settings.models.routes == {"answer": ["extractive"]}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("assistant", {"nme": "x"}),
        ("assistant", {"plugins": [{"rag": {}, "answer": {}}]}),
        ("assistant", {"plugins": []}),
        ("knowledge", {"search": {"passages": 0}}),
        ("knowledge", {"language": "klingon"}),
        ("models", {"models": {"a": {"api_key": "x", "model": "y"}}}),
        ("models", {"models": {"a": {}}}),
    ],
)
def test_an_editor_sees_the_mistakes_that_loading_would_refuse(name: str, data: dict[str, Any]) -> None:
    assert not Draft202012Validator(schema_files()[name]).is_valid(data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("assistant", {"plugins": ["rag", {"rag": {"passages": 3}}, {"answer": None}]}),
        ("models", {"models": {"a": {"model": "x", "api_key_env": "A_KEY", "parameters": {"temperature": 0}}}}),
        ("knowledge", {}),
    ],
)
def test_an_editor_accepts_what_loading_accepts(name: str, data: dict[str, Any]) -> None:
    Draft202012Validator(schema_files()[name]).validate(data)


def test_every_setting_is_described() -> None:
    for name, section in SECTIONS.items():
        undescribed = [field for field, shape in section.model_json_schema()["properties"].items() if _bare(shape)]
        assert undescribed == [], name


def _bare(shape: dict[str, Any]) -> bool:
    return "description" not in shape and "$ref" not in shape
