"""The sample company's questions, and others of the same shape."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measure import CHECKOUT

SAMPLE = CHECKOUT / "knowledge" / "questions.yaml"


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the files that answer it; none where the documents do not say."""

    id: str
    text: str
    relevant: frozenset[str]
    groups: tuple[str, ...] = ()
    thread: tuple[str, ...] = ()
    """What the same person wrote before."""
    contains: tuple[str, ...] = ()

    @property
    def answerable(self) -> bool:
        """Whether any file answers it."""
        return bool(self.relevant)


def read_questions(path: Path = SAMPLE) -> list[Question]:
    """Read a YAML list, or JSON objects a line each."""
    text = path.read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else yaml.safe_load(text)
    return [_question(row) for row in rows]


def _question(row: dict[str, Any]) -> Question:
    return Question(
        id=str(row["id"]),
        text=row["question"],
        relevant=frozenset(row["relevant"]),
        groups=tuple(row.get("groups", ())),
        thread=tuple(turn["text"] for turn in row.get("thread", ()) if turn["role"] == "user"),
        contains=tuple(row.get("contains", ())),
    )
