"""A plugin from a file of the home, from an installed package, and by a dotted path."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.loading import build_steps, open_chain
from plugins.models import Models
from settings import Home, SettingsError, load_settings
from tests.plugins.parts import ListedKnowledge, ask

Write = Callable[[str, str | bytes], Path]

CODE = "from deskhand import Reply\n\n\nasync def {name}(turn, call_next):\n    return Reply('from {place}')\n"
A_CLASS = "from deskhand import Options, Plugin\n\n\nclass {name}(Plugin[Options]):\n    pass\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], None]:
    """An installed package with one plugin, as pip leaves it: a module and its entry points."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def install(name: str, target: str, code: str) -> None:
        module = target.partition(":")[0]
        (site / f"{module}.py").write_text(code)
        monkeypatch.delitem(sys.modules, module, raising=False)
        info = site / f"{module}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[deskhand.plugins]\n{name} = {target}\n")

    return install


def problems(home: Home, write: Write, text: str) -> list[str]:
    write("settings/assistant.yaml", text)
    settings = load_settings(home)
    with pytest.raises(SettingsError) as raised:
        build_steps(settings, ListedKnowledge(), Models(settings))
    return [str(problem) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("name", "origin"),
    [("local", "plugins/local.py"), ("packaged", "acme_plugin 1.2"), ("acme_plugin:packaged", "acme_plugin:packaged")],
)
async def test_each_way_in(
    home: Home, write: Write, package: Callable[[str, str, str], None], name: str, origin: str
) -> None:
    write("plugins/local.py", CODE.format(name="local", place="a file"))
    package("packaged", "acme_plugin:packaged", CODE.format(name="packaged", place="a package"))
    write("settings/assistant.yaml", f"plugins: ['{name}']\n")
    async with open_chain(load_settings(home), ListedKnowledge()) as chain:
        assert [(step.name, step.origin) for step in chain.steps] == [(name, origin)]
        text = await (await chain(ask())).read()
    assert text == ("from a file" if name == "local" else "from a package")


def test_an_unknown_name_lists_all_that_are_known(
    home: Home, write: Write, package: Callable[[str, str, str], None]
) -> None:
    write("plugins/local.py", CODE.format(name="local", place="a file"))
    write("plugins/test_local.py", "")
    write("plugins/conftest.py", "")
    package("packaged", "acme_plugin:packaged", CODE.format(name="packaged", place="a package"))
    [problem] = problems(home, write, "plugins:\n  - answer\n  - zzz\n")
    assert problem.startswith("settings/assistant.yaml:3: plugins[1]: no plugin named 'zzz' (known: answer, ")
    assert problem.endswith("remind, smalltalk, tone, local, packaged)")
    [problem] = problems(home, write, "plugins:\n  - answer\n  - lcoal\n")
    assert problem == "settings/assistant.yaml:3: plugins[1]: no plugin named 'lcoal' (did you mean local?)"


@pytest.mark.parametrize(
    ("name", "file", "packaged", "places", "ways"),
    [
        ("rag", True, False, "Deskhand itself and in plugins/rag.py", "remove plugins/rag.py"),
        ("rag", False, True, "Deskhand itself and in acme_plugin 1.2", "`pip uninstall acme_plugin`"),
        (
            "local",
            True,
            True,
            "plugins/local.py and in acme_plugin 1.2",
            "remove plugins/local.py, or `pip uninstall acme_plugin`",
        ),
    ],
)
def test_a_name_that_two_have_is_refused_with_both_places(
    home: Home,
    write: Write,
    package: Callable[[str, str, str], None],
    name: str,
    file: bool,
    packaged: bool,
    places: str,
    ways: str,
) -> None:
    if file:
        write(f"plugins/{name}.py", CODE.format(name=name, place="a file"))
    if packaged:
        package(name, "acme_plugin:thing", CODE.format(name="thing", place="a package"))
    assert problems(home, write, f"plugins:\n  - {name}\n") == [
        f"settings/assistant.yaml:2: plugins[0]: {name!r} is ambiguous: it is in {places}: {ways}, or rename one"
    ]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import not_installed\n", "cannot be loaded: ModuleNotFoundError: No module named 'not_installed'"),
        ("raise SystemExit(2)\n", "cannot be loaded: SystemExit: 2"),
        ("thing = 5\n", "acme_plugin:thing is no plugin"),
        ("async def thing(turn):\n    ...\n", "acme_plugin:thing is no plugin"),
    ],
)
def test_a_package_that_cannot_be_used_is_named(
    home: Home, write: Write, package: Callable[[str, str, str], None], code: str, why: str
) -> None:
    package("packaged", "acme_plugin:thing", code)
    [problem] = problems(home, write, "plugins:\n  - packaged\n")
    assert problem.startswith("settings/assistant.yaml:2: plugins[0]: plugin 'packaged' of acme_plugin 1.2")
    assert why in problem


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("x = (\n", "plugins/local.py:1: SyntaxError: '(' was never closed"),
        ("\n\nimport not_installed\n", "plugins/local.py:3: ModuleNotFoundError: No module named 'not_installed'"),
        ("", "plugins/local.py:1: defines no plugin: write `async def local(turn, call_next)` or a class"),
        ("\nasync def local(turn):\n    ...\n", "plugins/local.py:2: a plugin is `async def local(turn, call_next)`"),
        (A_CLASS.format(name="A") + A_CLASS.format(name="B"), "plugins/local.py:1: defines several plugins (A, B)"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(home: Home, write: Write, code: str, problem: str) -> None:
    write("plugins/local.py", code)
    [found] = problems(home, write, "plugins:\n  - local\n")
    assert found.startswith(problem)


def test_a_plugin_may_be_derived_from_another_in_the_same_file(home: Home, write: Write) -> None:
    write("plugins/local.py", A_CLASS.format(name="Base") + "\n\nclass Local(Base):\n    pass\n")
    write("settings/assistant.yaml", "plugins: [local]\n")
    settings = load_settings(home)
    [step] = build_steps(settings, ListedKnowledge(), Models(settings))
    assert type(step.plugin).__name__ == "Local"
