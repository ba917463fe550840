import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from settings import Home
from settings.stamps import digest_of, settled_stamp, stamp_of

Write = Callable[[str, str], Path]


@pytest.mark.parametrize(
    "path", ["settings/models.yaml", "settings/personas/it.md", ".env", "settings/secrets/MAIN_KEY"]
)
def test_a_new_a_changed_and_a_removed_file_all_show(home: Home, write: Write, path: str) -> None:
    before = stamp_of(home), digest_of(home)
    file = write(path, "one")
    written = stamp_of(home), digest_of(home)
    file.write_text("two!")
    changed = stamp_of(home), digest_of(home)
    file.unlink()
    assert len({before, written, changed}) == 3
    assert (stamp_of(home), digest_of(home)) == before


def test_what_editors_and_schemas_leave_is_no_setting(home: Home, write: Write) -> None:
    before = stamp_of(home)
    write("settings/.models.yaml.swp", "x")
    write("settings/models.schema.json", "{}")
    assert stamp_of(home) == before


def test_a_replaced_file_of_the_same_size_and_time_shows(home: Home, write: Write) -> None:
    file = write("settings/models.yaml", "one")
    before, status = stamp_of(home), file.stat()
    other = write("settings/.new", "two")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(file)
    assert stamp_of(home) != before


def test_a_touched_file_is_another_stamp_and_the_same_digest(home: Home, write: Write) -> None:
    file = write("settings/models.yaml", "one")
    stamp, digest = stamp_of(home), digest_of(home)
    os.utime(file, ns=(1, 1))
    assert stamp_of(home) != stamp
    assert digest_of(home) == digest


async def test_a_file_that_was_emptied_a_moment_ago_is_waited_for(home: Home, write: Write) -> None:
    file = write("settings/models.yaml", "")
    waiting = asyncio.ensure_future(settled_stamp(home))
    await asyncio.sleep(0)
    file.write_text("routes: {answer: [extractive]}\n")
    assert await waiting == stamp_of(home)


async def test_a_file_with_a_time_to_come_is_not_waited_for(home: Home, write: Write) -> None:
    file = write("settings/models.yaml", "")
    os.utime(file, ns=(4 * 10**18, 4 * 10**18))
    assert await settled_stamp(home) == stamp_of(home)
