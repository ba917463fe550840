"""Which file system a folder lies on: some tell nobody of changes that others make."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

_SILENT = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|9p|virtiofs|vboxsf|prl_fs|drvfs|afs|ceph|lustre|gfs2|ocfs2|davfs|fakeowner|fuse\..*|fuse"
)
"""Network and shared file systems, and those of virtual machines' hosts."""
_MOUNTS = Path("/proc/self/mountinfo")
_TABLE = Path("/etc/fstab")


def needs_polling(folders: Iterable[str]) -> bool:
    """Whether one of the folders lies where changes are not reported. False where that is not known."""
    try:
        text = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    kinds = mounts(text)
    return any(_SILENT.fullmatch(file_system(os.path.realpath(folder), kinds)) for folder in folders)


def unmounted(folder: str) -> str | None:
    """The mount point of `/etc/fstab` that should hold a folder but is not mounted, None where there is none."""
    try:
        table = _TABLE.read_text(encoding="utf-8", errors="surrogateescape")
        kinds = mounts(_MOUNTS.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return None
    real = os.path.realpath(folder)
    planned = []
    for line in table.splitlines():
        fields = line.split()
        if len(fields) >= 3 and fields[0][0] != "#" and fields[1].startswith("/"):
            planned.append(_unescaped(fields[1]).rstrip("/") or "/")
    above = [point for point in planned if real == point or real.startswith(point.rstrip("/") + "/")]
    innermost = max(above, key=len, default=None)
    return innermost if innermost is not None and innermost not in kinds else None


def mounts(text: str) -> dict[str, str]:
    """File systems by mount point, of the text of `/proc/self/mountinfo` (proc_pid_mountinfo(5)); later ones hide."""
    found = {}
    for line in text.splitlines():
        before, separator, after = line.partition(" - ")
        if separator:
            found[_unescaped(before.split(" ")[4])] = after.split()[0]
    return found


def _unescaped(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), path)


def file_system(path: str, kinds: dict[str, str]) -> str:
    """The kind of the innermost mount that holds a path; empty where none does."""
    while path not in kinds and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return kinds.get(path, "")
