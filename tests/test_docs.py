"""The documentation names only what exists."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from deskhand.cli import app
from settings.load import SECTIONS

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ROOMS = ("deskhand/", "bots/", "plugins/", "knowledge/", "settings/", "tests/", "benchmarks/", "docs/")


def commands() -> dict[tuple[str, ...], set[str]]:
    """Every command of the command line with its options."""
    found: dict[tuple[str, ...], set[str]] = {}

    def collect(command: Any, path: tuple[str, ...]) -> None:
        for name, inner in getattr(command, "commands", {}).items():
            collect(inner, (*path, name))
        found[path] = {option for parameter in command.params for option in parameter.opts}

    collect(typer.main.get_command(app), ())
    return found


def code_of(page: Path) -> Iterator[str]:
    """Command lines in code blocks, and everything in backticks."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```sh\n(.*?)^```", text, flags=re.S | re.M):
        yield from (line.split(" #")[0].strip() for line in block.splitlines() if line.strip())
    yield from re.findall(r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_exist(page: Path) -> None:
    known = commands()
    for code in code_of(page):
        if not re.match(r"^(\.venv/bin/)?deskhand\b(?!/)", code):
            continue
        words = shlex.split(code)[1:]
        path: tuple[str, ...] = ()
        while words and (*path, words[0]) in known:
            path = (*path, words.pop(0))
        assert path or not words or words[0].startswith(("-", "COMMAND")), f"{page.name}: {code}"
        for option in (word.split("=")[0] for word in words if word.startswith("-")):
            assert option in known[path] | {"--help"}, f"{page.name}: {code}: {option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    for code in code_of(page):
        path = code.split(":")[0].rstrip("/")
        if code.startswith(ROOMS) and re.fullmatch(r"[\w./-]+", path) and not path.startswith("settings/secrets"):
            assert (ROOT / path).exists(), f"{page.name}: {code}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:", "#")):
            assert (page.parent / target.split("#")[0]).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_that_are_shown_are_valid(page: Path) -> None:
    for block in re.findall(r"^```yaml\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.S | re.M):
        data = yaml.safe_load(block)
        section = next((model for model in SECTIONS.values() if set(data) <= set(model.model_fields)), None)
        assert section is not None, f"{page.name}: {block}"
        section.model_validate(data)


def test_make_targets_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    for page in PAGES:
        for code in code_of(page):
            if match := re.match(r"^make ([a-z-]+)", code):
                assert match[1] in targets, f"{page.name}: {code}"


def test_every_room_says_what_it_is_for() -> None:
    for room in ROOMS[:5]:
        first = (ROOT / room / "__init__.py").read_text().splitlines()[0]
        assert re.match(r'^"""\S.{20,}', first), room
