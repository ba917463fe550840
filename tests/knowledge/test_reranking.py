"""A real cross-encoder of fastembed over a network of two operations: it counts the tokens that it reads."""

import shutil
from pathlib import Path

import pytest

from knowledge.reranking import Reranker

TOKENIZER = Path(__file__).resolve().parents[2] / "knowledge" / "models" / "minilm"
MODEL = "Xenova/ms-marco-MiniLM-L-6-v2"
_INT64, _FLOAT = 7, 1


def field(number: int, value: bytes | int | str) -> bytes:
    """One field of a protocol buffer, short enough for one byte of length."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    data = value.encode() if isinstance(value, str) else value
    length = len(data)
    size = bytes([length]) if length < 128 else bytes([length % 128 + 128, length // 128])
    return bytes([number << 3 | 2]) + size + data


def tensor(name: str, kind: int, *shape: str) -> bytes:
    dims = b"".join(field(1, field(2, one) if one.isalpha() else field(1, int(one))) for one in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, dims)))


def node(operation: str, given: str, made: str, *attributes: bytes) -> bytes:
    return field(1, given) + field(2, made) + field(4, operation) + b"".join(field(5, one) for one in attributes)


def counting_network() -> bytes:
    """ONNX by hand (onnx.proto3): logits = sum of the attention mask over the tokens."""
    to_float = field(1, "to") + field(3, _FLOAT) + bytes([20 << 3 | 0x80, 1, 2])
    axes = field(1, "axes") + bytes([8 << 3, 1]) + bytes([20 << 3 | 0x80, 1, 7])
    graph = (
        field(1, node("Cast", "attention_mask", "mask", to_float))
        + field(1, node("ReduceSum", "mask", "logits", axes))
        + field(2, "count")
        + b"".join(
            field(11, tensor(name, _INT64, "b", "t")) for name in ("input_ids", "attention_mask", "token_type_ids")
        )
        + field(12, tensor("logits", _FLOAT, "b", "1"))
    )
    return field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, 11))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(TOKENIZER, tmp_path / "model")
    (tmp_path / "model" / "onnx").mkdir()
    (tmp_path / "model" / "onnx" / "model.onnx").write_bytes(counting_network())
    return tmp_path / "model"


TEXTS = ["two words", "a text with many more words than the others", "three short words"]


async def test_passages_are_put_in_the_order_of_the_cross_encoder(folder: Path) -> None:
    reranker = Reranker(MODEL, str(folder), folder, seconds=30)
    assert await reranker.order("which", TEXTS) == [1, 2, 0]
    assert await reranker.order("which", []) == []
    reranker.close()


async def test_a_model_that_is_missing_leaves_the_order(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    reranker = Reranker("no/such-model", None, tmp_path, seconds=30)
    assert await reranker.order("which", TEXTS) == [0, 1, 2]
    assert "no/such-model" in caplog.text
    reranker.close()


async def test_a_model_that_takes_too_long_leaves_the_order(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    reranker = Reranker(MODEL, str(folder), folder, seconds=1e-6)
    assert await reranker.order("which", TEXTS) == [0, 1, 2]
    assert "too" in caplog.text or "more than" in caplog.text
    reranker.close()
