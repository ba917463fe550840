"""What the chunks of one generation of the index are made with: two that differ never stand in one index."""

import json
from dataclasses import asdict, dataclass
from typing import Self

from knowledge.chunking import FORMAT as CHUNK_FORMAT
from knowledge.chunking import ChunkSize
from knowledge.loaders import FORMAT as LOADER_FORMAT
from knowledge.sparse import FORMAT as SPARSE_FORMAT
from settings.sections import EmbeddingSettings, KnowledgeSettings

FORMATS = f"{LOADER_FORMAT}.{CHUNK_FORMAT}.{SPARSE_FORMAT}"
"""Of this Deskhand: reading, cutting, weighing words."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Model, cutting and language. `weights` is the fingerprint of the exact model, see `knowledge.embedding`.

    Kept with the generation, so that it can go on answering with its own model and language while
    another one is being built, or after a rollback.
    """

    model: str
    path: str | None
    weights: str
    target_words: int
    most_words: int
    language: str
    formats: str = FORMATS

    @classmethod
    def of(cls, settings: KnowledgeSettings, weights: str) -> Self:
        """What the settings ask for."""
        embedding, chunk = settings.embedding, settings.chunk
        return cls(
            embedding.model, embedding.path, weights, chunk.target_words, chunk.most_words, str(settings.language)
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The reverse of `as_json`."""
        return cls(**json.loads(text))

    def as_json(self) -> str:
        """As it is kept in the database."""
        return json.dumps(asdict(self), sort_keys=True)

    @property
    def fingerprint(self) -> str:
        """Names everything that must be the same for two chunks to stand in one index."""
        return f"{self.weights} chunks {self.target_words}/{self.most_words} {self.language} format {self.formats}"

    @property
    def embedding(self) -> EmbeddingSettings:
        """The model as settings name it."""
        return EmbeddingSettings(model=self.model, path=self.path)

    @property
    def size(self) -> ChunkSize:
        """Limits for cutting."""
        return ChunkSize(self.target_words, self.most_words)
