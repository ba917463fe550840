"""What is known of every file: its receipt, its version in the store, and all embeddings by content.

The catalogue decides what exists. A version of a file counts from the commit that names it in
`file`; versions being written or waiting to be deleted stand in `hidden`, and every query leaves
them out. So one transaction switches a file from its old chunks to its new ones, and a crash at any
moment leaves either, never both and never half.
"""

from array import array
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from knowledge.embedding import Vector

State = Literal["indexed", "unchanged", "skipped", "failed", "quarantined", "removed"]

_tables = MetaData()
_generation = Table(
    "generation",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("current", Integer, nullable=False),
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
    PrimaryKeyConstraint("generation", "source"),
)
_hidden = Table(
    "hidden",
    _tables,
    Column("generation", Integer),
    Column("version", String),
    PrimaryKeyConstraint("generation", "version"),
)
_embedding = Table(
    "embedding",
    _tables,
    Column("key", LargeBinary(16), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)
_ROWS_A_STATEMENT = 400


@dataclass(frozen=True, slots=True)
class Generation:
    """One complete index: everything in it was made with the same `fingerprint`."""

    id: int
    fingerprint: str
    dimension: int


class FileRow(NamedTuple):
    """What is known of one file. `version` is the one that can be found, None where none can.

    `state` and `reason` are of the last attempt: a file whose new version failed keeps the old
    `version` and `chunks`. `checked_ns` is when the content was last read. A tuple, because a run
    without changes does little else than make one for every file.
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


def embedding_key(fingerprint: str, text: str) -> bytes:
    """Under which the embedding of a text by a model is kept."""
    return blake2b(f"{fingerprint}\n{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Catalogue:
    """The tables of this room. Methods that write commit before they return.

    What every search asks for (the current generation and its hidden versions) is also kept in
    memory, and follows each commit: one process holds a home.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._current: Generation | None = None
        self._hidden: dict[int, frozenset[str]] = {}

    async def prepare(self) -> None:
        """Make the tables where they are missing."""
        async with self._engine.begin() as connection:
            await connection.run_sync(_tables.create_all)

    async def current(self) -> Generation | None:
        """The generation that answers questions."""
        if self._current is None:
            self._current = await self._one_generation(_generation.c.current == 1)
        return self._current

    async def building(self, fingerprint: str, dimension: int) -> Generation:
        """The unfinished generation of this fingerprint, else a new one."""
        unfinished = await self._one_generation(
            (_generation.c.current == 0) & (_generation.c.fingerprint == fingerprint)
        )
        if unfinished is not None:
            return unfinished
        async with self._engine.begin() as connection:
            result = await connection.execute(
                insert(_generation).values(fingerprint=fingerprint, dimension=dimension, current=0)
            )
            [number] = result.inserted_primary_key or [0]
        return Generation(number, fingerprint, dimension)

    async def publish(self, generation: Generation) -> None:
        """Make a generation the current one; all others cease to exist here."""
        async with self._engine.begin() as connection:
            for table in (_file, _hidden):
                await connection.execute(delete(table).where(table.c.generation != generation.id))
            await connection.execute(delete(_generation).where(_generation.c.id != generation.id))
            await connection.execute(update(_generation).values(current=1))
        self._current = generation

    async def clear(self) -> None:
        """Forget all generations and files; embeddings stay."""
        async with self._engine.begin() as connection:
            for table in (_file, _hidden, _generation):
                await connection.execute(delete(table))
        self._current = None
        self._hidden.clear()

    async def files(self, generation: Generation) -> dict[str, FileRow]:
        """All files by source."""
        columns = [column for column in _file.c if column.name != "generation"]
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(*columns).where(_file.c.generation == generation.id))
            return {row[0]: FileRow._make(row) for row in rows}

    async def chunks(self, generation: Generation) -> int:
        """How many chunks can be found, all files together."""
        total = select(func.coalesce(func.sum(_file.c.chunks), 0))
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                total.where(_file.c.generation == generation.id, _file.c.version.is_not(None))
            )
            return int(rows.scalar_one())

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

    async def record(self, generation: Generation, rows: Sequence[FileRow], superseded: Iterable[str] = ()) -> None:
        """Save files: their versions are visible from here on, and the `superseded` ones are not."""
        visible = frozenset(row.version for row in rows if row.version is not None)
        old = frozenset(superseded)
        async with self._change_hidden(generation, hide=old, show=visible) as connection:
            if rows:
                statement = upsert(_file)
                changes = {column.name: statement.excluded[column.name] for column in _file.c if not column.primary_key}
                values = [{"generation": generation.id, **row._asdict()} for row in rows]
                await connection.execute(statement.on_conflict_do_update(set_=changes), values)
            await _delete_hidden(connection, generation, visible)
            await _insert_hidden(connection, generation, old)

    async def remove(self, generation: Generation, rows: Sequence[FileRow]) -> None:
        """Forget files; their versions are hidden until they have been deleted from the store."""
        old = frozenset(row.version for row in rows if row.version is not None)
        async with self._change_hidden(generation, hide=old) as connection:
            for row in rows:
                await connection.execute(
                    delete(_file).where(_file.c.generation == generation.id, _file.c.source == row.source)
                )
            await _insert_hidden(connection, generation, old)

    async def unhide(self, generation: Generation, versions: Sequence[str]) -> None:
        """Forget versions that are no longer in the store."""
        gone = frozenset(versions)
        async with self._change_hidden(generation, show=gone) as connection:
            await _delete_hidden(connection, generation, gone)

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

    async def _one_generation(self, condition: ColumnElement[bool]) -> Generation | None:
        columns = (_generation.c.id, _generation.c.fingerprint, _generation.c.dimension)
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(*columns).where(condition).limit(1))).first()
            return Generation(*row) if row else None

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


async def _delete_hidden(connection: AsyncConnection, generation: Generation, versions: frozenset[str]) -> None:
    ordered = sorted(versions)
    for start in range(0, len(ordered), _ROWS_A_STATEMENT):
        some = ordered[start : start + _ROWS_A_STATEMENT]
        await connection.execute(
            delete(_hidden).where(_hidden.c.generation == generation.id, _hidden.c.version.in_(some))
        )
