from pathlib import Path

import pytest

from knowledge.holding import holding
from settings.errors import IndexLocked


def test_a_held_home_says_who_has_it(tmp_path: Path) -> None:
    with (
        holding(tmp_path, "index"),
        pytest.raises(IndexLocked, match=r"in use by `deskhand index` \(pid \d+\)") as told,
    ):
        holding(tmp_path, "ask").__enter__()
    assert told.value.holder == "index"
    with holding(tmp_path, ""), pytest.raises(IndexLocked, match="in use by another deskhand process"):
        holding(tmp_path, "ask").__enter__()


def test_it_is_free_again_after_the_block_whatever_ended_it(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), holding(tmp_path, "index"):
        raise RuntimeError
    with holding(tmp_path, "run"):
        pass


def test_what_a_killed_process_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "index.owner").write_text("1 run\n")
    (tmp_path / "index.lock").write_text("")
    with holding(tmp_path, "run"):
        assert (tmp_path / "index.owner").read_text().endswith(" run\n")
