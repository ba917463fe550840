"""The sample company's questions, and others of the same shape.

Three formats are read, by the names of their fields:

- YAML, or JSON objects a line each: `id`, `question`, `relevant` (files that answer it, below the
  documents' folder; none where the documents do not say), and optionally `answerable`, `groups`,
  `contains`, and `thread`, a list of `{role: user | assistant, text}`, oldest first;
- MTRAG's conversations (`tasks.jsonl` beside `corpus.jsonl`): the same, with ids of passages in
  `relevant` and `answerability` (ANSWERABLE, PARTIAL, UNANSWERABLE; CONVERSATIONAL is left out).
"""

import json
from collections.abc import Sequence
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
    answer: str = ""
    """What the last message of the thread was answered with."""

    @property
    def answerable(self) -> bool:
        """Whether any file answers it."""
        return bool(self.relevant)


def read_questions(*paths: Path) -> list[Question]:
    """Read a YAML list, or JSON objects a line each."""
    return [_question(row) for path in paths or (SAMPLE,) for row in _rows(path) if _is_asked(row)]


def _rows(path: Path) -> Sequence[dict[str, Any]]:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".jsonl":
        rows: list[dict[str, Any]] = yaml.safe_load(text)
        return rows
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _is_asked(row: dict[str, Any]) -> bool:
    return row.get("answerability") != "CONVERSATIONAL"


def _question(row: dict[str, Any]) -> Question:
    thread: list[dict[str, str]] = row.get("thread") or []
    answers = [turn["text"] for turn in thread if turn["role"] != "user"]
    return Question(
        id=str(row["id"]),
        text=row["question"],
        relevant=frozenset(row["relevant"]),
        groups=tuple(row.get("groups", ())),
        thread=tuple(turn["text"] for turn in thread if turn["role"] == "user"),
        contains=tuple(row.get("contains", ())),
        answer=answers[-1] if answers else "",
    )
