"""The generations of one index: the current one, the previous one, and one that is being built.

Why and when each exists: docs/decisions/0010-generations.md.
"""

import asyncio
from dataclasses import dataclass
from functools import lru_cache

from knowledge.carrying import Origin
from knowledge.catalogue import Catalogue, Generation
from knowledge.embedders import Embedders
from knowledge.folder import Walk
from knowledge.loaders.reader import Reader
from knowledge.readers import Readers
from knowledge.receipts import Progress, SyncReport
from knowledge.recipe import FORMATS, Recipe
from knowledge.sparse import TermWeights
from knowledge.store import Store, Stores
from knowledge.sync import Removing, Sync
from settings.errors import EmbeddingError, IndexMismatch, IndexUnusable
from settings.sections import KnowledgeSettings


@lru_cache(maxsize=8)
def terms_of(language: str) -> TermWeights:
    """The term weights of a language; making them takes a moment."""
    return TermWeights(language)


@dataclass(slots=True)
class Task:
    """What one run works with."""

    walk: Walk
    removing: Removing
    reader: Reader
    settings: KnowledgeSettings
    progress: Progress | None = None


class Generations:
    """Brings generations up to date and switches between them. The caller lets one run in at a time."""

    def __init__(self, catalogue: Catalogue, stores: Stores, embedders: Embedders, readers: Readers) -> None:
        self._catalogue = catalogue
        self._stores = stores
        self._embedders = embedders
        self._readers = readers
        self._seen_whole: set[int] = set()

    async def store(self, generation: Generation) -> Store:
        """Open a generation; the first time, see that nothing of it has been lost."""
        store = await self._stores.open(generation.id, generation.dimension)
        if generation.id not in self._seen_whole:
            there, (_, wanted) = await store.count(), await self._catalogue.size(generation)
            hidden = await self._catalogue.hidden(generation)
            if there < wanted or (there > wanted and not hidden):
                raise IndexUnusable(
                    "the index does not hold what was written to it: its folder, collection or database was lost, or "
                    "another store is named in knowledge.yaml. `deskhand index --rebuild` fills it again"
                )
            self._seen_whole.add(generation.id)
        return store

    async def wanted(self, settings: KnowledgeSettings) -> Recipe:
        """What the settings ask for."""
        return Recipe.of(settings, await self._embedders.weights(settings.embedding))

    async def sync(self, task: Task) -> SyncReport:
        """Bring the current generation up to date; where the settings ask for another, build that and switch.

        The current one is brought up to date first: it answers until the other is complete, and a removed
        or restricted document must not wait for that.
        """
        recipe = await self.wanted(task.settings)
        current = await self._catalogue.current()
        if current is not None and recipe.fingerprint in (current.fingerprint, current.instead_of):
            if current.instead_of and recipe.fingerprint == current.fingerprint:  # the settings agree again
                await self._catalogue.agree(current)
            report = await self._bring(current, task)
            await self._stores.publish(current.id)  # every time: the last run may have ended before it
            return report
        notes = [] if current is None else await self._bring_as_it_is(current, task)
        await asyncio.to_thread(task.reader.start_ahead)
        generation = await self._beside(recipe)
        report = await self._bring(generation, task, current)
        await self._switch(generation)
        report.notes += notes
        return report

    async def roll_back(self, task: Task) -> SyncReport:
        """Bring the previous generation up to date, unseen, and make it the current one.

        The one that was current is the previous one from then on, so that a second rollback returns to it.
        Raises IndexUnusable where there is none, or where this Deskhand could not keep it up to date.
        """
        current, previous = await self._catalogue.current(), await self._catalogue.previous()
        if current is None or previous is None:
            raise IndexUnusable(
                "there is no previous index to go back to: one is kept when the model, chunk size or language changes"
            )
        if previous.recipe.formats != FORMATS:
            raise IndexUnusable(
                "the previous index was made by another version of Deskhand, which this one cannot keep up to date: "
                "install that version to go back to it"
            )
        await self._bring_as_it_is(current, task)
        report = await self._bring(previous, task, current)
        wanted = (await self.wanted(task.settings)).fingerprint
        await self._switch(previous, "" if wanted == previous.fingerprint else wanted)
        report.notes.append(
            f"back to the index made with {described(previous.recipe)}"
            + ("" if wanted == previous.fingerprint else "; it is kept up to date until the settings change again")
        )
        return report

    async def clear(self) -> None:
        """Forget everything but the embeddings."""
        await self._catalogue.clear()
        await self._stores.keep_only(None)
        self._seen_whole.clear()

    async def _bring_as_it_is(self, current: Generation, task: Task) -> list[str]:
        """The current generation, by its own recipe, as far as that is possible still."""
        try:
            await self._bring(current, task)
        except (IndexMismatch, EmbeddingError) as error:
            return [f"the index that answered until now was not brought up to date before the switch: {error}"]
        return []

    async def _beside(self, recipe: Recipe) -> Generation:
        """The generation to be built: one that was begun before is gone on with."""
        generation = await self._catalogue.building(recipe, (await self._embedders.of(recipe)).dimension)
        if not await self._catalogue.files(generation) and not await self._catalogue.hidden(generation):
            await self._stores.discard(generation.id)  # of an earlier life: the catalogue knows nothing of it
        return generation

    async def _bring(self, generation: Generation, task: Task, current: Generation | None = None) -> SyncReport:
        """Bring one generation up to date with the folders."""
        origin = Origin(self._catalogue, current, await self.store(current)) if current is not None else None
        sync = Sync(
            self._catalogue,
            generation,
            await self.store(generation),
            lambda: self._embedders.of(generation.recipe),
            terms_of(generation.recipe.language),
            task.reader,
            task.settings.lint,
            task.progress,
            task.removing,
            origin,
            self._readers,
        )
        return await sync.run(task.walk)

    async def _switch(self, generation: Generation, instead_of: str = "") -> None:
        """The moment at which another generation answers."""
        kept = await self._catalogue.publish(generation, instead_of)
        await self._stores.publish(generation.id)
        await self._readers.gone()
        await self._stores.keep_only(*kept)


def described(recipe: Recipe) -> str:
    """A recipe in words."""
    return f"{recipe.model}, chunks of {recipe.target_words} to {recipe.most_words} words, {recipe.language}"
