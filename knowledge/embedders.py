"""The embedding models of one process: the one that the settings name, and that of the index that answers."""

import asyncio
from pathlib import Path

from knowledge.embedding import Embedder, load_embedder, weights_fingerprint
from knowledge.recipe import Recipe
from settings.errors import EmbeddingError, IndexMismatch
from settings.sections import EmbeddingSettings


class Embedders:
    """Each model is loaded once, at its first use, in a thread. An embedder that is given is used and left open."""

    def __init__(self, models: Path, given: Embedder | None = None) -> None:
        self._models = models
        self._given = given
        self._weights: dict[tuple[str, str | None], str] = {}
        self._loading: dict[tuple[str, str | None], asyncio.Future[Embedder]] = {}

    async def weights(self, settings: EmbeddingSettings) -> str:
        """The fingerprint of the model that the settings name; loads it only where it has to be downloaded."""
        key = (settings.model, settings.path)
        if key not in self._weights:
            found = await asyncio.to_thread(weights_fingerprint, settings, self._models)
            self._weights[key] = found if found is not None else (await self.load(settings)).fingerprint
        return self._weights[key]

    async def of(self, recipe: Recipe) -> Embedder:
        """The model of a generation. Raises IndexMismatch where it is not there any more."""
        if self._given is not None and self._given.fingerprint == recipe.weights:
            return self._given
        settings = recipe.embedding
        try:
            if await self.weights(settings) == recipe.weights:
                return await self.load(settings)
        except EmbeddingError as error:
            raise IndexMismatch(
                f"the index was built with the model {recipe.model}, which does not load any more ({error}). "
                "Mend that, or name another model in knowledge.yaml and run `deskhand index`"
            ) from None
        raise IndexMismatch(
            f"the index was built with other weights of {recipe.model} than are there now: "
            "run `deskhand index` to build it anew"
        )

    async def load(self, settings: EmbeddingSettings) -> Embedder:
        """A model by its name; one that failed to load is tried again, a download may succeed the next time."""
        key = (settings.model, settings.path)
        there = self._loading.get(key)
        if there is None or (there.done() and (there.cancelled() or there.exception() is not None)):
            there = self._loading[key] = asyncio.ensure_future(asyncio.to_thread(load_embedder, settings, self._models))
        return await asyncio.shield(there)

    async def close(self) -> None:
        """Close all models that were loaded here."""
        loading, self._loading = list(self._loading.values()), {}
        for future in loading:
            future.cancel()
        for embedder in await asyncio.gather(*loading, return_exceptions=True):
            if isinstance(embedder, Embedder):
                await asyncio.to_thread(embedder.close)
