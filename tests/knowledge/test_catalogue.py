from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from knowledge.catalogue import Catalogue, FileRow, Generation, embedding_key
from knowledge.recipe import Recipe
from settings.database import open_database


@pytest.fixture
async def catalogue(tmp_path: Path) -> AsyncIterator[Catalogue]:
    engine = open_database(tmp_path / "test.db")
    made = Catalogue(engine)
    await made.prepare()
    yield made
    await engine.dispose()


def recipe(model: str) -> Recipe:
    return Recipe(model, None, f"{model}@1", 120, 160, "english")


def row(source: str, version: str | None = "v1", state: str = "indexed") -> FileRow:
    return FileRow(source, 10, 20, 30, "digest", version, 1, "Title", state)  # type: ignore[arg-type]


async def test_no_generation_is_current_until_one_is_published(catalogue: Catalogue) -> None:
    generation = await catalogue.building(recipe("model a"), 3)
    assert await catalogue.current() is None
    await catalogue.publish(generation)
    assert await catalogue.current() == generation


async def test_embeddings_that_nothing_is_made_of_are_forgotten_once_there_are_many(catalogue: Catalogue) -> None:
    keys = [embedding_key("model a@1", f"text {number}") for number in range(2003)]
    generation = await catalogue.building(recipe("model a"), 3)
    await catalogue.record(generation, [row("a.md")], keys={"v1": keys[:500]})
    await catalogue.remember({key: [1.0, 0.0, 0.0] for key in keys[:2000]})
    assert await catalogue.prune() == 0  # 1500 are spare, as many as in use and a thousand more
    await catalogue.remember({key: [1.0, 0.0, 0.0] for key in keys[2000:]})
    assert await catalogue.prune() == 1503
    assert (await catalogue.embeddings(keys)).keys() == set(keys[:500])
    assert await catalogue.prune() == 0


async def test_an_unfinished_generation_of_the_same_fingerprint_is_taken_up_again(catalogue: Catalogue) -> None:
    first = await catalogue.building(recipe("model a"), 3)
    assert await catalogue.building(recipe("model a"), 3) == first
    assert (await catalogue.building(recipe("model b"), 3)).id != first.id


async def test_publishing_keeps_the_one_before_and_forgets_all_others(catalogue: Catalogue) -> None:
    made = []
    for name in ("a", "b", "c"):
        generation = await catalogue.building(recipe(f"model {name}"), 3)
        await catalogue.record(generation, [row(f"{name}.md")])
        kept = await catalogue.publish(generation)
        made.append(generation)
    oldest, old, new = made
    assert kept == [old.id, new.id]
    assert (await catalogue.current(), await catalogue.previous()) == (new, old)
    assert await catalogue.files(oldest) == {}
    assert set(await catalogue.files(old)) == {"b.md"}
    assert set(await catalogue.files(new)) == {"c.md"}


async def test_going_back_remembers_what_the_settings_named_then(catalogue: Catalogue) -> None:
    old = await catalogue.building(recipe("model a"), 3)
    await catalogue.publish(old)
    new = await catalogue.building(recipe("model b"), 3)
    await catalogue.publish(new)
    assert await catalogue.building(recipe("model a"), 3) == old  # the previous one is taken up again
    await catalogue.publish(old, instead_of=new.fingerprint)
    current = await Catalogue(catalogue._engine).current()
    assert current is not None
    assert (current.id, current.instead_of) == (old.id, new.fingerprint)
    await catalogue.agree(current)
    assert await Catalogue(catalogue._engine).current() == old


async def test_a_version_is_hidden_until_its_file_is_recorded(catalogue: Catalogue) -> None:
    generation = await catalogue.building(recipe("model"), 3)
    await catalogue.hide(generation, ["v1"])
    assert await catalogue.hidden(generation) == {"v1"}
    await catalogue.record(generation, [row("a.md", "v1")])
    assert await catalogue.hidden(generation) == frozenset()


async def test_recording_a_new_version_hides_the_one_it_supersedes(catalogue: Catalogue) -> None:
    generation = await catalogue.building(recipe("model"), 3)
    await catalogue.record(generation, [row("a.md", "v1")])
    await catalogue.hide(generation, ["v2"])
    await catalogue.record(generation, [row("a.md", "v2")], superseded=["v1"])
    assert await catalogue.hidden(generation) == {"v1"}
    assert (await catalogue.files(generation))["a.md"].version == "v2"
    await catalogue.unhide(generation, ["v1"])
    assert await catalogue.hidden(generation) == frozenset()


async def test_a_removed_file_is_forgotten_and_its_version_hidden(catalogue: Catalogue) -> None:
    generation = await catalogue.building(recipe("model"), 3)
    await catalogue.record(generation, [row("a.md", "v1"), row("b.md", None, "skipped")])
    await catalogue.remove(generation, [row("a.md", "v1"), row("b.md", None, "skipped")])
    assert await catalogue.files(generation) == {}
    assert await catalogue.hidden(generation) == {"v1"}


async def test_rows_come_back_as_they_were_saved(catalogue: Catalogue) -> None:
    generation = await catalogue.building(recipe("model"), 3)
    saved = FileRow("ü/名.md", 2**40, 2**60, 2**61, "d", None, 0, "Titel", "failed", "weil")
    await catalogue.record(generation, [saved])
    assert await catalogue.files(generation) == {"ü/名.md": saved}


async def test_generations_do_not_mix(catalogue: Catalogue) -> None:
    one, two = Generation(1, recipe("a"), 3), Generation(2, recipe("b"), 3)
    await catalogue.record(one, [row("a.md")])
    await catalogue.hide(two, ["v9"])
    assert await catalogue.files(two) == {}
    assert await catalogue.hidden(one) == frozenset()


async def test_embeddings_are_found_by_text_and_model(catalogue: Catalogue) -> None:
    key = embedding_key("model a", "text")
    await catalogue.remember({key: [0.5, -1.0, 2.0]})
    found = await catalogue.embeddings([key, embedding_key("model b", "text"), embedding_key("model a", "other")])
    assert {k: list(v) for k, v in found.items()} == {key: [0.5, -1.0, 2.0]}


async def test_more_keys_than_one_statement_takes(catalogue: Catalogue) -> None:
    keys = [embedding_key("model", str(number)) for number in range(1000)]
    await catalogue.remember({key: [float(number)] for number, key in enumerate(keys)})
    found = await catalogue.embeddings(keys)
    assert [list(found[key]) for key in keys] == [[float(number)] for number in range(1000)]
    versions = [f"v{number}" for number in range(1000)]
    generation = await catalogue.building(recipe("model"), 1)
    await catalogue.hide(generation, versions)
    await catalogue.unhide(generation, versions)
    assert await catalogue.hidden(generation) == frozenset()


async def test_clearing_keeps_the_embeddings(catalogue: Catalogue) -> None:
    generation = await catalogue.building(recipe("model"), 3)
    await catalogue.record(generation, [row("a.md")])
    await catalogue.publish(generation)
    await catalogue.remember({b"k" * 16: [1.0]})
    await catalogue.clear()
    assert await catalogue.current() is None
    assert set(await catalogue.embeddings([b"k" * 16])) == {b"k" * 16}
