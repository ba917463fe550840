from pathlib import Path

import pytest

from knowledge import mounts as module
from knowledge.mounts import file_system, mounts, needs_polling, unmounted

TEXT = r"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:26 / /srv rw - tmpfs tmpfs rw
31 22 0:27 / /srv/help\040desk rw shared:5 - nfs4 server:/export rw
32 22 0:28 / /drive rw - fuse.sshfs me@there: rw
33 22 0:29 / /both rw - nfs4 server:/old rw
34 22 0:30 / /both rw - ext4 /dev/sdb rw
"""


def test_the_innermost_mount_counts_and_of_two_the_later() -> None:
    kinds = mounts(TEXT)
    assert file_system("/home/me/docs", kinds) == "ext4"
    assert file_system("/srv/docs", kinds) == "tmpfs"
    assert file_system("/srv/help desk/docs", kinds) == "nfs4"
    assert file_system("/srv/help deskx", kinds) == "tmpfs"
    assert file_system("/both", kinds) == "ext4"
    assert file_system("/x", {}) == ""


@pytest.mark.parametrize(
    ("folder", "silent"), [("/srv/help desk", True), ("/drive/a", True), ("/srv", False), ("/home", False)]
)
def test_network_mounts_have_to_be_polled(
    folder: str, silent: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mountinfo").write_text(TEXT)
    monkeypatch.setattr(module, "_MOUNTS", tmp_path / "mountinfo")
    assert needs_polling(["/home", folder]) is silent


@pytest.mark.parametrize(
    ("folder", "point"),
    [
        ("/mnt/share/wiki", "/mnt/share"),
        ("/mnt/share", "/mnt/share"),
        ("/mnt/shares", None),
        ("/srv/help desk/docs", None),
        ("/", None),
        ("/mnt/old", None),
    ],
)
def test_a_folder_on_a_mount_that_is_missing_is_known_by_the_table_of_mounts(
    folder: str, point: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mountinfo").write_text(TEXT)
    (tmp_path / "fstab").write_text(
        "/dev/sda1 / ext4 defaults 0 1\n# a comment\n\n/dev/sdc none swap sw 0 0\n"
        "server:/export /srv/help\\040desk nfs4 defaults 0 0\nserver:/wiki /mnt/share/ cifs ro 0 0\n"
        "#server:/old /mnt/old nfs defaults 0 0\n"
    )
    monkeypatch.setattr(module, "_MOUNTS", tmp_path / "mountinfo")
    monkeypatch.setattr(module, "_TABLE", tmp_path / "fstab")
    assert unmounted(folder) == point
    monkeypatch.setattr(module, "_TABLE", tmp_path / "nowhere")
    assert unmounted(folder) is None


def test_where_mounts_are_not_told_nothing_is_polled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOUNTS", tmp_path / "nowhere")
    assert needs_polling(["/srv"]) is False
