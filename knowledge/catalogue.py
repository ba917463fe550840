"""What is known of every file: its receipt, its version in the store, and all embeddings by content.

The catalogue decides what exists. A version of a file counts from the commit that names it in
`file`; versions being written or waiting to be deleted stand in `hidden`, and every query leaves
them out. So one transaction switches a file from its old chunks to its new ones, and a crash at any
moment leaves either, never both and never half.
"""

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Literal, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    delete,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from knowledge.embedding import Vector
from knowledge.recipe import Recipe
from knowledge.vocabulary import VersionTerms, Vocabulary, Words
from knowledge.vocabulary_table import (
    count_readable,
    insert_terms,
    load_vocabulary,
    load_words,
    read_terms,
    take_terms,
    vocabulary_table,
)
from knowledge.vocabulary_table import tables as _vocabulary_tables

State = Literal["indexed", "unchanged", "skipped", "failed", "quarantined", "removed"]

_tables = MetaData()
_generation = Table(
    "generation",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("recipe", String, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("role", String, nullable=False),
    Column("instead_of", String, nullable=False),
)
_file = Table(
    "file",
    _tables,
    Column("generation", Integer),
    Column("source", String),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("checked_ns", BigInteger, nullable=False),
    Column("digest", String, nullable=False),
    Column("version", String),
    Column("chunks", Integer, nullable=False),
    Column("title", String, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("missing_ns", BigInteger, nullable=False),
    PrimaryKeyConstraint("generation", "source"),
)
_hidden = Table(
    "hidden",
    _tables,
    Column("generation", Integer),
    Column("version", String),
    PrimaryKeyConstraint("generation", "version"),
)
_made_of = Table(
    "made_of",
    _tables,
    Column("generation", Integer),
    Column("version", String),
    Column("keys", LargeBinary, nullable=False),
    PrimaryKeyConstraint("generation", "version"),
)
_embedding = Table(
    "embedding",
    _tables,
    Column("key", LargeBinary(16), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)
_OF_GENERATION = (_file, _hidden, _made_of, vocabulary_table)
_ROWS_A_STATEMENT = 400
_KEY_BYTES = 16
_SPARE_EMBEDDINGS = 1000
"""Beyond the chunks in use, so many embeddings are kept for texts that may come back (1.5 kB each)."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One index: everything in it was made by the same recipe.

    `instead_of` is set by a rollback: the fingerprint that the settings named then. As long as they
    still do, this generation goes on being the current one.
    """

    id: int
    recipe: Recipe
    dimension: int
    instead_of: str = ""

    @property
    def fingerprint(self) -> str:
        """See `Recipe.fingerprint`."""
        return self.recipe.fingerprint


class FileRow(NamedTuple):
    """What is known of one file. `version` is the one that can be found, None where none can.

    `state` and `reason` are of the last attempt: a file whose new version failed keeps the old
    `version` and `chunks`. `checked_ns` is when the content was last read, `rule` what the settings said of
    the file then, `missing_ns` since when it is missing (0: it is there). A tuple, because a run without
    changes does little else than make one for every file.
    """

    source: str
    size: int
    mtime_ns: int
    checked_ns: int
    digest: str
    version: str | None
    chunks: int
    title: str
    state: State
    reason: str = ""
    rule: str = ""
    missing_ns: int = 0


def embedding_key(weights: str, text: str) -> bytes:
    """Under which the embedding of a text by a model is kept: whatever file, cutting or generation it is for."""
    return blake2b(f"{weights}\n{text}".encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()


class Catalogue:
    """The tables of this room. Methods that write commit before they return.

    What every search asks for (the current generation and its hidden versions) is also kept in
    memory, and follows each commit: one process holds a home.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._current: Generation | None = None
        self._hidden: dict[int, frozenset[str]] = {}
        self._vocabularies: dict[int, Vocabulary] = {}
        self._aside: dict[int, frozenset[str]] = {}
        self._counting = asyncio.Lock()

    async def prepare(self) -> None:
        """Make the tables where they are missing.

        Tables of an earlier Deskhand with other columns are made anew: the next run fills them from the
        folder. Embeddings stay.
        """
        async with self._engine.begin() as connection:
            await connection.run_sync(_prepare)
            await connection.run_sync(_vocabulary_tables.create_all)

    async def current(self) -> Generation | None:
        """The generation that answers questions."""
        if self._current is None:
            self._current = await self._one_generation(_generation.c.role == "current")
        return self._current

    async def previous(self) -> Generation | None:
        """The generation that was current before, kept for a rollback."""
        return await self._one_generation(_generation.c.role == "previous")

    async def building(self, recipe: Recipe, dimension: int) -> Generation:
        """The generation of this recipe that is unfinished or the previous one, else a new one."""
        beside = (_generation.c.role != "current") & (_generation.c.fingerprint == recipe.fingerprint)
        if (there := await self._one_generation(beside)) is not None:
            return there
        async with self._engine.begin() as connection:
            result = await connection.execute(
                insert(_generation).values(
                    fingerprint=recipe.fingerprint,
                    recipe=recipe.as_json(),
                    dimension=dimension,
                    role="building",
                    instead_of="",
                )
            )
            [number] = result.inserted_primary_key or [0]
        return Generation(number, recipe, dimension)

    async def unfinished(self) -> Generation | None:
        """A generation that is being built, or whose building was stopped."""
        return await self._one_generation(_generation.c.role == "building")

    async def publish(self, generation: Generation, instead_of: str = "") -> list[int]:
        """Make a generation the current one, and the one that was current the previous one.

        All others cease to exist here. Returns the numbers of the two that are kept.
        """
        before = await self.current()
        kept = sorted({generation.id} | ({before.id} if before is not None else set()))
        async with self._engine.begin() as connection:
            for table in _OF_GENERATION:
                await connection.execute(delete(table).where(table.c.generation.not_in(kept)))
            await connection.execute(delete(_generation).where(_generation.c.id.not_in(kept)))
            await connection.execute(update(_generation).values(role="previous", instead_of=""))
            await connection.execute(
                update(_generation)
                .where(_generation.c.id == generation.id)
                .values(role="current", instead_of=instead_of)
            )
        self._current = replace(generation, instead_of=instead_of)
        return kept

    async def agree(self, current: Generation) -> None:
        """Note that the settings name what the current generation was made with again."""
        async with self._engine.begin() as connection:
            await connection.execute(update(_generation).where(_generation.c.id == current.id).values(instead_of=""))
        self._current = replace(current, instead_of="")

    async def clear(self) -> None:
        """Forget all generations and files; embeddings stay."""
        async with self._engine.begin() as connection:
            for table in (*_OF_GENERATION, _generation):
                await connection.execute(delete(table))
        self._current = None
        self._hidden.clear()
        self._vocabularies.clear()
        self._aside.clear()

    async def files(self, generation: Generation) -> dict[str, FileRow]:
        """All files by source."""
        columns = [column for column in _file.c if column.name != "generation"]
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(*columns).where(_file.c.generation == generation.id))
            return {row[0]: FileRow._make(row) for row in rows}

    async def size(self, generation: Generation) -> tuple[int, int]:
        """How many documents and chunks can be found."""
        counts = select(func.count(), func.coalesce(func.sum(_file.c.chunks), 0))
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                counts.where(_file.c.generation == generation.id, _file.c.version.is_not(None))
            )
            documents, chunks = rows.one()
            return int(documents), int(chunks)

    async def under_other_rules(self, generation: Generation, allowed: Callable[[str, str], bool]) -> frozenset[str]:
        """Versions of files that were made under a rule which is not `allowed` for their source any more."""
        columns = (_file.c.version, _file.c.source, _file.c.rule)
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                select(*columns).where(_file.c.generation == generation.id, _file.c.version.is_not(None))
            )
            return frozenset(version for version, source, known in rows if not allowed(source, known))

    async def hidden(self, generation: Generation) -> frozenset[str]:
        """Versions in the store that no query may see."""
        if generation.id not in self._hidden:
            async with self._engine.connect() as connection:
                rows = await connection.execute(select(_hidden.c.version).where(_hidden.c.generation == generation.id))
                self._hidden[generation.id] = frozenset(row[0] for row in rows)
        return self._hidden[generation.id]

    async def hide(self, generation: Generation, versions: Iterable[str]) -> None:
        """Hide versions that are about to be written."""
        new = frozenset(versions)
        async with self._change_hidden(generation, hide=new) as connection:
            await _insert_hidden(connection, generation, new)

    async def vocabulary(self, generation: Generation) -> Vocabulary:
        """The terms of all files but those set aside, for each audience."""
        async with self._counting:
            if generation.id not in self._vocabularies:
                async with self._engine.connect() as connection:
                    vocabulary = await load_vocabulary(connection, generation.id, self._set_aside(generation))
                self._vocabularies[generation.id] = vocabulary
            return self._vocabularies[generation.id]

    async def set_aside(self, generation: Generation, versions: frozenset[str]) -> None:
        """Leave these versions out of what the vocabulary counts, and no others any more.

        Who may read them is not settled: their words must not tell that they are there.
        """
        if versions == self._set_aside(generation):
            return
        async with self._counting:
            before = self._set_aside(generation)
            async with self._engine.connect() as connection:
                out = await read_terms(connection, generation.id, versions - before)
                back = await read_terms(connection, generation.id, before - versions)
            self._count(generation, out.values(), back.values())
            self._aside[generation.id] = versions

    async def words(self, generation: Generation, audience: Iterable[str]) -> Words:
        """All words of the files that someone in these groups may read, but for those set aside."""
        async with self._engine.connect() as connection:
            return await load_words(connection, generation.id, audience, self._set_aside(generation))

    async def readable(self, generation: Generation, audience: Iterable[str]) -> int:
        """How many files someone in these groups may read, but for those set aside."""
        async with self._engine.connect() as connection:
            return await count_readable(connection, generation.id, audience, self._set_aside(generation))

    async def record(
        self,
        generation: Generation,
        rows: Sequence[FileRow],
        superseded: Iterable[str] = (),
        keys: Mapping[str, Sequence[bytes]] | None = None,
        terms: Mapping[str, VersionTerms] | None = None,
    ) -> None:
        """Save files: their versions are visible from here on, and the `superseded` ones are not.

        `keys` names the embeddings that each new version is made of, so that they are kept; `terms` what
        each version has that is new in the store.
        """
        visible = frozenset(row.version for row in rows if row.version is not None)
        old, new = frozenset(superseded), terms or {}
        async with self._counting:
            async with self._change_hidden(generation, hide=old, show=visible) as connection:
                if rows:
                    statement = upsert(_file)
                    changes = {
                        column.name: statement.excluded[column.name] for column in _file.c if not column.primary_key
                    }
                    values = [{"generation": generation.id, **row._asdict()} for row in rows]
                    await connection.execute(statement.on_conflict_do_update(set_=changes), values)
                made_of = [
                    {"generation": generation.id, "version": version, "keys": b"".join(dict.fromkeys(some))}
                    for version, some in (keys or {}).items()
                ]
                if made_of:
                    await connection.execute(upsert(_made_of).on_conflict_do_nothing(), made_of)
                await _delete_versions(connection, _hidden, generation, visible)
                await _insert_hidden(connection, generation, old)
                gone = await take_terms(connection, generation.id, old | set(new))
                await insert_terms(connection, generation.id, new)
            self._count(generation, self._not_aside(generation, gone), self._not_aside(generation, new))

    async def remove(self, generation: Generation, rows: Sequence[FileRow]) -> None:
        """Forget files; their versions are hidden until they have been deleted from the store."""
        old = frozenset(row.version for row in rows if row.version is not None)
        async with self._counting:
            async with self._change_hidden(generation, hide=old) as connection:
                for row in rows:
                    await connection.execute(
                        delete(_file).where(_file.c.generation == generation.id, _file.c.source == row.source)
                    )
                await _insert_hidden(connection, generation, old)
                gone = await take_terms(connection, generation.id, old)
            self._count(generation, self._not_aside(generation, gone))

    async def unhide(self, generation: Generation, versions: Sequence[str]) -> None:
        """Forget versions that are no longer in the store."""
        gone = frozenset(versions)
        async with self._change_hidden(generation, show=gone) as connection:
            await _delete_versions(connection, _hidden, generation, gone)
            await _delete_versions(connection, _made_of, generation, gone)

    async def embeddings(self, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        """Those of the keys that are known, with their vectors."""
        found: dict[bytes, Vector] = {}
        async with self._engine.connect() as connection:
            for start in range(0, len(keys), _ROWS_A_STATEMENT):
                some = keys[start : start + _ROWS_A_STATEMENT]
                rows = await connection.execute(
                    select(_embedding.c.key, _embedding.c.vector).where(_embedding.c.key.in_(some))
                )
                found |= {row[0]: array("f", row[1]) for row in rows}
        return found

    async def remember(self, embeddings: Mapping[bytes, Vector]) -> None:
        """Keep embeddings for the next time the same text turns up."""
        rows = [{"key": key, "vector": array("f", vector).tobytes()} for key, vector in embeddings.items()]
        if rows:
            async with self._engine.begin() as connection:
                await connection.execute(upsert(_embedding).on_conflict_do_nothing(), rows)

    def _set_aside(self, generation: Generation) -> frozenset[str]:
        return self._aside.get(generation.id, frozenset())

    def _not_aside(self, generation: Generation, terms: Mapping[str, VersionTerms]) -> list[VersionTerms]:
        aside = self._set_aside(generation)
        return [of for version, of in terms.items() if version not in aside]

    def _count(self, generation: Generation, gone: Iterable[VersionTerms], new: Iterable[VersionTerms] = ()) -> None:
        """Let the vocabulary in memory follow a commit."""
        if (vocabulary := self._vocabularies.get(generation.id)) is not None:
            for version in gone:
                vocabulary.add(version, -1)
            for version in new:
                vocabulary.add(version)

    async def prune(self) -> int:
        """Forget embeddings of texts that no generation has any more, once there are many; returns how many.

        Looked at only when there are more than twice as many embeddings as chunks: restored and renamed
        files find theirs, and the cost is spread over the runs that made them.
        """
        async with self._engine.connect() as connection:
            kept = int((await connection.execute(select(func.count()).select_from(_embedding))).scalar_one())
            length = select(func.coalesce(func.sum(func.length(_made_of.c["keys"])), 0))
            used = int((await connection.execute(length)).scalar_one()) // _KEY_BYTES
        if kept <= 2 * used + _SPARE_EMBEDDINGS:
            return 0
        in_use: set[bytes] = set()
        async with self._engine.connect() as connection:
            for (keys,) in await connection.execute(select(_made_of.c["keys"])):
                in_use.update(keys[start : start + _KEY_BYTES] for start in range(0, len(keys), _KEY_BYTES))
            every = [row[0] for row in await connection.execute(select(_embedding.c.key))]
        spare = [key for key in every if key not in in_use]
        for start in range(0, len(spare), _ROWS_A_STATEMENT):
            async with self._engine.begin() as connection:
                some = spare[start : start + _ROWS_A_STATEMENT]
                await connection.execute(delete(_embedding).where(_embedding.c.key.in_(some)))
        return len(spare)

    async def _one_generation(self, condition: ColumnElement[bool]) -> Generation | None:
        columns = (_generation.c.id, _generation.c.recipe, _generation.c.dimension, _generation.c.instead_of)
        async with self._engine.connect() as connection:
            newest = select(*columns).where(condition).order_by(_generation.c.id.desc()).limit(1)
            row = (await connection.execute(newest)).first()
            return Generation(row[0], Recipe.from_json(row[1]), row[2], row[3]) if row else None

    @asynccontextmanager
    async def _change_hidden(
        self, generation: Generation, hide: frozenset[str] = frozenset(), show: frozenset[str] = frozenset()
    ) -> AsyncIterator[AsyncConnection]:
        """A transaction; the set in memory follows when it is committed."""
        before = await self.hidden(generation)
        async with self._engine.begin() as connection:
            yield connection
        self._hidden[generation.id] = (before - show) | hide


async def _insert_hidden(connection: AsyncConnection, generation: Generation, versions: frozenset[str]) -> None:
    rows = [{"generation": generation.id, "version": version} for version in sorted(versions)]
    if rows:
        await connection.execute(upsert(_hidden).on_conflict_do_nothing(), rows)


async def _delete_versions(
    connection: AsyncConnection, table: Table, generation: Generation, versions: frozenset[str]
) -> None:
    ordered = sorted(versions)
    for start in range(0, len(ordered), _ROWS_A_STATEMENT):
        some = ordered[start : start + _ROWS_A_STATEMENT]
        await connection.execute(delete(table).where(table.c.generation == generation.id, table.c.version.in_(some)))


def _prepare(connection: Connection) -> None:
    there = inspect(connection)
    changed = any(
        {column["name"] for column in there.get_columns(table.name)} != set(table.c.keys())
        for table in _tables.tables.values()
        if there.has_table(table.name)
    )
    if changed:
        _tables.drop_all(connection, [table for table in _tables.tables.values() if table is not _embedding])
    _tables.create_all(connection)
