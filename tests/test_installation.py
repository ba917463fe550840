"""What is installed, and what the lock files say."""

import re
import site
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from deskhand.guard import foreign_rooms

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-testing.lock", "requirements-model.lock")

EXPECTED_PTH = re.compile(
    r"^(_?deskhand|distutils-precedence|__editable__.*|_virtualenv|protobuf-.*-nspkg|a1_coverage)\.pth$"
)


def test_no_pth_file_is_there_that_nobody_expects() -> None:
    """A malicious release of a dependency started its code by such a file."""
    folders = [Path(folder) for folder in site.getsitepackages()]
    found = [path.name for folder in folders for path in folder.glob("*.pth")]
    assert [name for name in found if not EXPECTED_PTH.match(name)] == []


def test_litellm_is_none_of_the_malicious_or_withdrawn_releases() -> None:
    assert version("litellm") not in ("1.82.7", "1.82.8")
    assert not version("litellm").startswith("1.107.")


def test_no_other_distribution_hides_a_room() -> None:
    assert foreign_rooms() == {}


@pytest.mark.parametrize("name", LOCKS)
def test_locks_pin_everything_by_hash_and_name_no_address(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    requirements = re.findall(r"^([a-z0-9._-]+)==", text, flags=re.M | re.I)
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.M | re.I)[1:]
    assert len(requirements) == len(blocks) > (5 if "testing" in name else 30)
    assert all("--hash=sha256:" in block for block in blocks)


def test_all_locks_are_of_the_same_releases() -> None:
    usual, everything, kit, model = (
        dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / name).read_text(), flags=re.M)) for name in LOCKS
    )
    assert usual.items() <= everything.items() <= model.items()
    assert {"pytest", "pytest-asyncio"} <= kit.keys()
    assert kit.items() <= everything.items()


def test_every_dependency_of_the_project_is_locked_and_says_why_it_is_there() -> None:
    lines = (ROOT / "pyproject.toml").read_text().split("\ndependencies = [")[1].split("\n]")[0].strip().splitlines()
    locked = (ROOT / "requirements.lock").read_text().lower()
    for line in lines:
        match = re.match(r'^"([a-z0-9-]+)[^"]*",\s*#\s*\S', line.strip())
        assert match, f"no reason: {line}"
        assert f"\n{match[1]}==" in f"\n{locked}", match[1]


def test_the_front_door_opens_without_the_house() -> None:
    """`--help` and wrong use must not wait for the model, the engine or the database."""
    code = "import sys, deskhand.cli; print([m for m in sys.modules if m in ('litellm', 'fastembed', 'sqlalchemy')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
