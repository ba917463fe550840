"""The vocabulary in the database: a row a version, written and removed in the catalogue's own transactions."""

import asyncio
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Row,
    String,
    Table,
    delete,
    select,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge.vocabulary import VersionTerms, Vocabulary, Words, by_start

tables = MetaData()
vocabulary_table = Table(
    "vocabulary",
    tables,
    Column("generation", Integer),
    Column("version", String),
    Column("audience", String, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("terms", LargeBinary, nullable=False),
    Column("counts", LargeBinary, nullable=False),
    Column("words", String, nullable=False),
    PrimaryKeyConstraint("generation", "version"),
)
_t = vocabulary_table.c
_NUMBERS = (_t.audience, _t.chunks, _t.terms, _t.counts)
_ROWS_A_STATEMENT = 400


async def insert_terms(connection: AsyncConnection, generation: int, versions: Mapping[str, VersionTerms]) -> None:
    """Save what some versions have."""
    rows = [
        {
            "generation": generation,
            "version": version,
            "audience": "\n".join(terms.audience),
            "chunks": terms.chunks,
            "terms": terms.terms.tobytes(),
            "counts": terms.counts.tobytes(),
            "words": terms.words,
        }
        for version, terms in versions.items()
    ]
    if rows:
        await connection.execute(upsert(vocabulary_table).prefix_with("OR REPLACE"), rows)


async def read_terms(connection: AsyncConnection, generation: int, versions: Iterable[str]) -> dict[str, VersionTerms]:
    """What some versions have; those that are not there are left out."""
    found: dict[str, VersionTerms] = {}
    for some in _rows(generation, versions):
        for version, *numbers in await connection.execute(select(_t.version, *_NUMBERS).where(some)):
            found[version] = _terms(*numbers)
    return found


async def take_terms(connection: AsyncConnection, generation: int, versions: Iterable[str]) -> dict[str, VersionTerms]:
    """Remove what some versions have, and return it."""
    wanted = sorted(versions)
    taken = await read_terms(connection, generation, wanted)
    for some in _rows(generation, wanted):
        await connection.execute(delete(vocabulary_table).where(some))
    return taken


async def load_vocabulary(connection: AsyncConnection, generation: int, without: Collection[str] = ()) -> Vocabulary:
    """All terms of a generation, but for those of some versions."""
    vocabulary = Vocabulary()
    rows = await connection.execute(select(_t.version, *_NUMBERS).where(_t.generation == generation))
    for version, *numbers in rows:
        if version not in without:
            vocabulary.add(_terms(*numbers))
    return vocabulary


async def load_words(
    connection: AsyncConnection, generation: int, audience: Iterable[str], without: Collection[str] = ()
) -> Words:
    """All words that someone in these groups may read, but for those of some versions."""
    rows = await connection.execute(select(_t.version, _t.audience, _t.words).where(_t.generation == generation))
    return await asyncio.to_thread(_readable_words, rows.all(), frozenset(audience), without)


async def count_readable(
    connection: AsyncConnection, generation: int, audience: Iterable[str], without: Collection[str]
) -> int:
    """How many versions someone in these groups may read, but for some."""
    rows = await connection.execute(select(_t.version, _t.audience).where(_t.generation == generation))
    groups = frozenset(audience)
    return sum(_may_read(groups, some) for version, some in rows if version not in without)


def _rows(generation: int, versions: Iterable[str]) -> Iterator[ColumnElement[bool]]:
    ordered = sorted(versions)
    for start in range(0, len(ordered), _ROWS_A_STATEMENT):
        yield (_t.generation == generation) & _t.version.in_(ordered[start : start + _ROWS_A_STATEMENT])


def _may_read(groups: frozenset[str], audience: str) -> bool:
    return not groups.isdisjoint(audience.split("\n"))


def _readable_words(rows: Iterable[Row[str, str, str]], groups: frozenset[str], without: Collection[str]) -> Words:
    words: set[str] = set()
    for version, audience, text in rows:
        if version not in without and _may_read(groups, audience):
            words.update(text.split("\n"))
    return by_start(words - {""})


def _terms(audience: str, chunks: int, terms: bytes, counts: bytes) -> VersionTerms:
    return VersionTerms(tuple(audience.split("\n")), chunks, array("I", terms), array("I", counts), "")
