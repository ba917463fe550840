from typing import Any

import pytest

from knowledge.catalogue import FileRow
from knowledge.folder import FoundFile, Walk
from knowledge.removal import SECOND_LOOK_NS, Removals, decide
from knowledge.sources import Sources
from settings import Home
from settings.sections import KnowledgeSettings

NOW = 10**18


@pytest.fixture
def sources(home: Home) -> Sources:
    entry = {"name": "wiki", "folder": "wiki"}
    return Sources(home, KnowledgeSettings.model_validate({"sources": [entry], "ignore": ["drafts"]}))


def decided(
    sources: Sources, known: list[str], there: list[str], missing_ns: int = 0, confirmed: bool = False, **walk: Any
) -> Removals:
    rows = {
        source: FileRow(source, 1, 1, 1, "d", "v", 1, "T", "indexed", "", sources.rule(source), missing_ns)
        for source in known
    }
    found = [FoundFile(source, f"/{source}", 1, 1) for source in there]
    return decide(Walk(sources, found, **walk), rows, 0.25, confirmed, NOW)


def names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number}.md" for number in range(count)]


def test_a_share_up_to_the_limit_is_removed(sources: Sources) -> None:
    known = names("", 20)
    result = decided(sources, known, known[5:])
    assert (set(result.remove), result.wait) == (set(known[:5]), {})


def test_of_a_larger_share_none_is_removed_and_the_reason_says_how_to(sources: Sources) -> None:
    known = names("", 20)
    result = decided(sources, known, known[6:])
    assert (result.remove, set(result.wait)) == ({}, set(known[:6]))
    assert "6 of 20" in result.wait[known[0]]
    assert "--confirm-removals" in result.wait[known[0]]


def test_a_few_are_removed_whatever_share_they_are(sources: Sources) -> None:
    result = decided(sources, names("", 4), names("", 1))
    assert len(result.remove) == 3


def test_the_share_counts_for_each_source_by_itself(sources: Sources) -> None:
    docs, wiki = names("", 100), names("wiki:", 10)
    result = decided(sources, docs + wiki, docs[2:] + wiki[4:])
    assert (set(result.remove), set(result.wait)) == (set(docs[:2]), set(wiki[:4]))


def test_the_share_counts_in_total_as_well(sources: Sources) -> None:
    docs, wiki = names("", 4), names("wiki:", 4)
    result = decided(sources, docs + wiki, docs[2:] + wiki[2:])
    assert result.remove == {}
    assert len(result.wait) == 4


def test_confirmed_removals_are_made(sources: Sources) -> None:
    result = decided(sources, names("", 20), [], confirmed=True)
    assert len(result.remove) == 20


def test_a_second_look_removes_what_is_still_missing(sources: Sources) -> None:
    known = names("", 20)
    early = decided(sources, known, known[10:], missing_ns=NOW - SECOND_LOOK_NS + 1)
    late = decided(sources, known, known[10:], missing_ns=NOW - SECOND_LOOK_NS)
    assert (len(early.remove), len(early.wait)) == (0, 10)
    assert (len(late.remove), len(late.wait)) == (10, 0)


def test_a_source_without_any_file_left_waits_for_a_person_however_long(sources: Sources) -> None:
    docs, wiki = names("", 40), names("wiki:", 2)
    result = decided(sources, docs + wiki, docs, missing_ns=NOW - 100 * SECOND_LOOK_NS)
    assert (result.remove, set(result.wait), set(result.vanished)) == ({}, set(wiki), {"wiki:"})


def test_files_that_the_walk_could_not_see_are_not_missing(sources: Sources) -> None:
    known = [*names("", 3), *names("wiki:", 3), "shut/a.md"]
    result = decided(sources, known, names("", 3), unreadable={"wiki:": "there is no folder", "shut": "no"})
    assert (result.remove, result.wait, result.vanished) == ({}, {}, {})
    sure = decided(sources, known, names("", 3), confirmed=True, unreadable={"wiki:": "there is no folder"})
    assert set(sure.remove) == {"shut/a.md"}


def test_what_the_settings_leave_out_is_removed_at_once(sources: Sources, home: Home) -> None:
    known = [*names("drafts/", 9), "a.md"]
    assert set(decided(sources, known, ["a.md"]).remove) == set(known[:9])
    without = Sources(home, KnowledgeSettings())
    rows = {
        name: FileRow(name, 1, 1, 1, "d", "v", 1, "T", "indexed", "", sources.rule(name)) for name in names("wiki:", 9)
    }
    assert len(decide(Walk(without), rows, 0.25, False, NOW).remove) == 9
