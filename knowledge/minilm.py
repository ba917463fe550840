"""The default model from its data-only package, by onnxruntime and tokenizers alone.

fastembed would do the same, but importing it imports its image models and its downloads as well: 0.3 s of
processor time at every start and 39 MB (docs/decisions/0052-the-default-model-without-fastembed.md). The vectors
are the same to the bit, and a test compares them.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

DIMENSION = 384
_FILES = Path(__file__).parent / "models" / "minilm"
_MOST_TOKENS = 512
"""`model_max_length` of its tokenizer; what comes after that is cut off."""

Array = npt.NDArray[np.float32]


class MiniLM:
    """all-MiniLM-L6-v2 in int8. One thread a call, no arena: see docs/decisions/0003-one-thread-a-core.md."""

    def __init__(self, weights: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(_FILES / "tokenizer.json"))
        self._tokenizer.enable_truncation(_MOST_TOKENS)
        self._tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])

    def vector(self, text: str) -> Array:
        """The mean of the tokens' vectors, of length one."""
        mean = self.tokens(text).mean(axis=0, dtype=np.float64)
        vector: Array = (mean / max(np.linalg.norm(mean), 1e-12)).astype(np.float32)
        return vector

    def tokens(self, text: str) -> Array:
        """[tokens, 384], those of the beginning and the end among them."""
        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        tokens: Array = self._session.run(None, given)[0][0]
        return tokens
