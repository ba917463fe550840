import errno
import os
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from settings.database import open_database, storage_error, storage_errors
from settings.errors import StorageError


async def test_what_was_committed_is_synced_and_readers_do_not_wait(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "x.db")
    async with engine.connect() as connection:
        found = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    await engine.dispose()
    assert found == ["wal", 2, 1]


async def _run(path: Path, *statements: str) -> None:
    with storage_errors(path.parent):
        engine = open_database(path)
        try:
            async with engine.begin() as connection:
                for statement in statements:
                    await connection.execute(text(statement))
        finally:
            await engine.dispose()


async def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StorageError, match=r"^the database in .* is damaged: remove it and run `deskhand index`$"):
        await _run(tmp_path / "x.db", "SELECT 1")


async def test_a_database_in_a_missing_folder_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written: check its permissions"):
        await _run(tmp_path / "nowhere" / "x.db", "SELECT 1")


async def test_a_full_database_is_one_clear_line(tmp_path: Path) -> None:
    fill = ("PRAGMA max_page_count = 2", "CREATE TABLE t (x BLOB)", "INSERT INTO t VALUES (zeroblob(100000))")
    with pytest.raises(StorageError, match=r"^the disk that holds .* is full: make room"):
        await _run(tmp_path / "x.db", *fill)


async def test_a_database_that_somebody_else_writes_is_one_clear_line(tmp_path: Path) -> None:
    holder = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    for statement in ("PRAGMA journal_mode = WAL", "CREATE TABLE t (x)", "BEGIN IMMEDIATE"):
        holder.execute(statement)
    with pytest.raises(StorageError, match="is held by another process: try again"):
        await _run(tmp_path / "x.db", "PRAGMA busy_timeout = 1", "INSERT INTO t VALUES (1)")
    holder.close()


async def test_a_defect_in_a_statement_is_not_taken_for_a_disk(tmp_path: Path) -> None:
    with pytest.raises(OperationalError, match="no such table"):
        await _run(tmp_path / "x.db", "SELECT * FROM nowhere")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, "is full: make room"),
        (errno.EDQUOT, "is full: make room"),
        (errno.EFBIG, "is full: make room"),
        (errno.EROFS, "cannot be written: check its permissions"),
        (errno.EACCES, "cannot be written: check its permissions"),
        (errno.EEXIST, "is in the way, it should be a folder"),
        (errno.ENOTDIR, "is in the way, it should be a folder"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_an_error_of_the_system_says_what_to_do(tmp_path: Path, number: int, expected: str) -> None:
    message = str(storage_error(OSError(number, os.strerror(number), str(tmp_path / "f")), tmp_path))
    assert expected in message
    assert str(tmp_path) in message
    assert "\n" not in message
