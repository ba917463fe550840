"""The documents and questions that ship with the program."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

from knowledge.documents import EVERYONE, count_words, plain
from knowledge.loaders import loader_for, name_of

KNOWLEDGE = Path(__file__).resolve().parents[2] / "knowledge"
DOCS = KNOWLEDGE / "docs"
FILES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*") if path.is_file())
QUESTIONS: list[dict[str, Any]] = yaml.safe_load((KNOWLEDGE / "questions.yaml").read_text(encoding="utf-8"))
_LINK = re.compile(r"\]\(([^)#\s]+)|href=\"([^\"#]+)")


def text_of(source: str) -> str:
    loader = loader_for(source)
    assert loader is not None, f"no loader reads {source}"
    document = loader((DOCS / source).read_bytes(), name_of(source))
    return "\n".join(block.text for block in document.blocks)


def flat(text: str) -> str:
    return " ".join(plain(text).split())


def test_there_are_enough_documents_of_every_kind() -> None:
    assert len(FILES) >= 30
    assert {Path(source).suffix for source in FILES} >= {".md", ".html", ".txt"}
    assert sum(count_words(text_of(source)) for source in FILES) >= 10_000


@pytest.mark.parametrize("source", FILES)
def test_a_document_loads_with_a_title_of_its_own(source: str) -> None:
    loader = loader_for(source)
    assert loader is not None
    document = loader((DOCS / source).read_bytes(), "a name that no file gives itself")
    assert document.title != "a name that no file gives itself"
    assert count_words(text_of(source)) > 50


@pytest.mark.parametrize("source", FILES)
def test_internal_links_lead_to_files(source: str) -> None:
    text = (DOCS / source).read_text(encoding="utf-8")
    for match in _LINK.finditer(text):
        target = unquote(match[1] or match[2])
        if not re.match(r"[a-z]+:", target):
            assert (DOCS / source).parent.joinpath(target).is_file(), f"{source} links to {target}"


def test_some_documents_are_for_managers_only() -> None:
    restricted = [
        source
        for source in FILES
        if (loader := loader_for(source))
        and loader((DOCS / source).read_bytes(), "x").audience not in (None, (EVERYONE,))
    ]
    asked = {source for question in QUESTIONS if question.get("groups") for source in question["relevant"]}
    assert asked
    assert asked <= set(restricted)


def test_there_are_enough_questions_and_enough_that_have_no_answer() -> None:
    assert len(QUESTIONS) >= 40
    assert sum(not question["answerable"] for question in QUESTIONS) >= 10
    assert len({question["id"] for question in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["id"])
def test_a_question_names_files_that_hold_what_its_answer_must_contain(question: dict[str, Any]) -> None:
    assert set(question["relevant"]) <= set(FILES)
    assert bool(question["relevant"]) is question["answerable"] is bool(question.get("contains"))
    texts = [flat(text_of(source)) for source in question["relevant"]]
    for wanted in question.get("contains", []):
        assert any(wanted.casefold() in text.casefold() for text in texts), wanted
