from pathlib import Path
from typing import Any

import pytest

from knowledge.embedding import DEFAULT_MODEL, _offline_weights
from knowledge.minilm import MiniLM
from settings.sections import EmbeddingSettings


@pytest.fixture(scope="module")
def weights() -> Path:
    found = _offline_weights(EmbeddingSettings(model=DEFAULT_MODEL))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def fastembed_model(weights: Path) -> Any:
    """The same model as fastembed loads it."""
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType

    import knowledge.minilm

    name = "tests/all-MiniLM-L6-v2-int8"
    if all(entry["model"] != name for entry in TextEmbedding.list_supported_models()):
        TextEmbedding.add_custom_model(
            model=name,
            pooling=PoolingType.MEAN,
            normalization=True,
            sources=ModelSource(hf="none/none"),
            dim=384,
            model_file=str(weights),
        )
    tokenizer = Path(knowledge.minilm.__file__).parent / "models" / "minilm"
    return TextEmbedding(name, threads=1, specific_model_path=str(tokenizer))


@pytest.mark.parametrize(
    "text",
    [
        "How many days of leave do I have?",
        "",
        "日本語",
        "word " * 2000,
        "😀 \x00",
        "[SEP] [MASK] in a text",
        "ÜBER\ttabs\n",
    ],
)
def test_the_vectors_are_those_of_fastembed_to_the_bit(weights: Path, fastembed_model: Any, text: str) -> None:
    model = MiniLM(weights)
    [vector] = fastembed_model.embed([text], batch_size=1)
    assert model.vector(text).tobytes() == vector.tobytes()
    tokens = fastembed_model.model.onnx_embed([text]).model_output[0]
    assert model.tokens(text).tobytes() == tokens.tobytes()


def test_texts_longer_than_the_model_reads_are_cut(weights: Path) -> None:
    assert MiniLM(weights).tokens("word " * 2000).shape == (512, 384)
