import json

import pytest

from deskhand.report import answer_as_dict, as_json, found_as_dict, found_as_text, sync_as_dict, sync_as_text
from knowledge import Found, Receipt, SyncReport
from knowledge.search import Passage
from plugins import Citation, Outcome
from plugins.contract import PluginTrace, Trace

PASSAGE = Passage("1", "leave.md", "v", "Leave", "Carry over", "Five  days\nof leave.", 5, None, 0.51239, 0.5, 0.1)


def test_an_answer_as_an_object_has_the_agreed_keys() -> None:
    trace = Trace([PluginTrace("answer", 0.25), PluginTrace("rag", 0.0123456)])
    outcome = Outcome("answered", "", (Citation(2, PASSAGE),), "main", "answer", cost_usd=0.001)
    assert answer_as_dict("five days [2]", outcome, trace) == {
        "answer": "five days [2]",
        "status": "answered",
        "reason": None,
        "citations": [
            {
                "number": 2,
                "source": "leave.md",
                "title": "Leave",
                "heading": "Carry over",
                "page": None,
                "line": 5,
                "score": 0.5124,
                "link": None,
            }
        ],
        "route": "answer",
        "model": "main",
        "cost_usd": 0.001,
        "timings_ms": {"rag": 12.35, "answer": 250.0},
    }


def test_what_is_not_known_of_an_answer_is_null() -> None:
    data = answer_as_dict("x", Outcome("refused", "why", cost_usd=None), Trace())
    assert (data["reason"], data["route"], data["model"], data["cost_usd"]) == ("why", None, None, None)


def test_found_passages_as_an_object_have_the_agreed_keys() -> None:
    [result] = found_as_dict(Found((PASSAGE,), 0.5))["results"]
    assert (
        result.items()
        >= {
            "source": "leave.md",
            "title": "Leave",
            "heading": "Carry over",
            "text": "Five  days\nof leave.",
            "score": 0.5124,
        }.items()
    )
    assert found_as_dict(Found())["results"] == []


def test_found_passages_for_people_are_a_paragraph_each() -> None:
    assert found_as_text(Found((PASSAGE,), 0.5)) == (
        "1. Leave > Carry over  (leave.md:5, score 0.51)\n   Five days of leave."
    )
    assert found_as_text(Found((PASSAGE,), 0.5), width=9).endswith("   Five days…")
    assert found_as_text(Found()) == "nothing found"


REPORT = SyncReport(
    [
        Receipt("new.md", "indexed", chunks=3, new=True),
        Receipt("changed.md", "indexed", "3 of its 9 pages hold pictures", chunks=2),
        Receipt("same.md", "unchanged", "noted in an earlier run", chunks=1),
        Receipt("gone.md", "removed", "no longer in the folder"),
        Receipt("x.bin", "skipped", "no reader for this type"),
        Receipt("broken.md", "failed", "line 2: \x1b[31mred"),
    ],
    embedded=5,
    seconds=1.23456,
)


def test_a_run_as_an_object_has_the_agreed_keys_and_counts_every_file_once() -> None:
    data = sync_as_dict(REPORT)
    counts = {name: data[name] for name in ("added", "updated", "unchanged", "removed", "failed", "quarantined")}
    assert counts == {"added": 1, "updated": 1, "unchanged": 1, "removed": 1, "failed": 1, "quarantined": 0}
    assert (data["skipped"], data["seconds"]) == (1, 1.235)
    assert data["files"][0] == {"source": "new.md", "state": "indexed", "reason": None, "chunks": 3}
    assert len(data["files"]) == 6


def test_a_run_for_people_is_a_line_of_figures_and_a_line_for_what_needs_an_eye() -> None:
    assert sync_as_text(REPORT).splitlines() == [
        "1 added, 1 updated, 1 unchanged, 1 removed, 1 skipped, 1 failed; 5 chunks embedded in 1.2 s",
        "  failed: broken.md: line 2: [31mred",
        "  indexed: changed.md: 3 of its 9 pages hold pictures",
        "  skipped: x.bin: no reader for this type",
    ]
    assert sync_as_text(SyncReport()) == "nothing to do; 0 chunks embedded in 0.0 s"


def test_a_run_over_many_broken_files_does_not_flood_the_screen() -> None:
    text = sync_as_text(SyncReport([Receipt(f"{number:03}.md", "failed", "x") for number in range(50)]))
    assert len(text.splitlines()) == 22
    assert text.endswith("and 30 more: `deskhand index --json` lists all")


@pytest.mark.parametrize("char", ["\n", "\x1b", "\x9b", "\u2028", "\u202e", "é", "🙂"])
def test_an_object_is_one_line_whatever_the_documents_hold(char: str) -> None:
    text = as_json({"answer": f"a{char}b"})
    assert len(text.splitlines()) == 1
    assert text.isprintable()
    assert json.loads(text) == {"answer": f"a{char}b"}
