"""The vocabulary in the database: a row a version, written and removed in the catalogue's own transactions."""

import asyncio
from array import array
from collections.abc import Iterable, Mapping

from sqlalchemy import Column, Integer, LargeBinary, MetaData, PrimaryKeyConstraint, Row, String, Table, delete, select
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


async def take_terms(connection: AsyncConnection, generation: int, versions: Iterable[str]) -> list[VersionTerms]:
    """Remove what some versions have, and return it."""
    taken: list[VersionTerms] = []
    ordered = sorted(versions)
    for start in range(0, len(ordered), _ROWS_A_STATEMENT):
        some = (_t.generation == generation) & _t.version.in_(ordered[start : start + _ROWS_A_STATEMENT])
        rows = await connection.execute(select(*_NUMBERS).where(some))
        taken += [_terms(*row) for row in rows]
        await connection.execute(delete(vocabulary_table).where(some))
    return taken


async def load_vocabulary(connection: AsyncConnection, generation: int) -> Vocabulary:
    """All terms of a generation."""
    vocabulary = Vocabulary()
    for row in await connection.execute(select(*_NUMBERS).where(_t.generation == generation)):
        vocabulary.add(_terms(*row))
    return vocabulary


async def load_words(connection: AsyncConnection, generation: int, audience: Iterable[str]) -> Words:
    """All words that someone in these groups may read."""
    rows = await connection.execute(select(_t.audience, _t.words).where(_t.generation == generation))
    return await asyncio.to_thread(_readable_words, rows.all(), frozenset(audience))


def _readable_words(rows: Iterable[Row[str, str]], groups: frozenset[str]) -> Words:
    words: set[str] = set()
    for some, text in rows:
        if not groups.isdisjoint(some.split("\n")):
            words.update(text.split("\n"))
    return by_start(words - {""})


def _terms(audience: str, chunks: int, terms: bytes, counts: bytes) -> VersionTerms:
    return VersionTerms(tuple(audience.split("\n")), chunks, array("I", terms), array("I", counts), "")
