"""Every plugin that ships is an example: small, documented, and made of what an author has."""

import ast
import re
from pathlib import Path

import pytest
import yaml

import deskhand
from plugins.loading import SHIPPED

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ("cache", "canned", "escalate", "glossary", "guard", "language", "remind", "smalltalk")

OWN_PARTS = {
    "plugins.contract", "plugins.declarations",  # what `deskhand` exports, by the names of the room
    "knowledge",  # Passage, which `deskhand` exports as well
    # parts of one plugin, in modules of their own because each is a subject
    "plugins.everyday_words", "plugins.glossary_file", "plugins.office_hours", "plugins.phrases", "plugins.reminders",
    "plugins.smalltalk_words", "plugins.when", "plugins.wording",
    # Deskhand's own, which no author has and these need: one list of secrets, one detection, the errors of models
    "settings.redaction", "plugins.language_detection", "plugins.prompt", "settings.errors",
}  # fmt: skip


def source_of(name: str) -> str:
    return (ROOT / "plugins" / f"{name}.py").read_text(encoding="utf-8")


def page_of(name: str) -> str:
    return (ROOT / "docs" / "plugins" / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_is_small_and_has_a_test_of_its_own(name: str) -> None:
    assert len(source_of(name).splitlines()) <= 120
    assert (ROOT / "tests" / "plugins" / f"test_{name}.py").exists()


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_takes_from_the_contract_what_every_author_has(name: str) -> None:
    for node in ast.walk(ast.parse(source_of(name))):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and node.module.split(".")[0] in ("plugins", "settings", "knowledge")
        ):
            assert node.module in OWN_PARTS, node.module
            if node.module in ("plugins.contract", "plugins.declarations", "knowledge"):
                assert {alias.name for alias in node.names} <= set(deskhand.__all__)


@pytest.mark.parametrize("name", EXAMPLES)
def test_its_page_names_every_option_and_shows_settings_that_are_valid(name: str) -> None:
    page = page_of(name)
    options = SHIPPED[name].Options
    assert set(options.model_fields) <= set(re.findall(r"`(\w+)`", page))
    [block] = re.findall(r"^```yaml\n(.*?)^```", page, flags=re.S | re.M)
    chain = yaml.safe_load(block)["plugins"]
    entry = next(step for step in chain if step == name or name in step)
    options.model_validate(entry[name] if isinstance(entry, dict) else {})
    for heading in ("## What a reader sees", "## Limits"):
        assert heading in page
    assert "Stands" in page


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_settings_and_the_list_of_plugins_name_it(name: str) -> None:
    assert re.search(rf"^  (?:# )?- {name}\b", (ROOT / "settings" / "assistant.yaml").read_text(encoding="utf-8"), re.M)
    assert f"({name}.md)" in (ROOT / "docs" / "plugins" / "README.md").read_text(encoding="utf-8")
