from collections.abc import Callable
from pathlib import Path

import pytest

from settings import Home, SettingsError, load_settings

Write = Callable[[str, str | bytes], Path]


def problems(home: Home) -> list[str]:
    try:
        load_settings(home)
    except SettingsError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("sources:\n- {name: a, folder: x}\n- {name: a, folder: y}\n", 3, "'a' is taken by another source"),
        ("sources:\n- {name: a, folder: knowledge/docs/sub}\n", 2, "around, knowledge/docs: each file"),
        ("sources:\n- {name: a, folder: x}\n- {name: b, folder: x/y}\n", 3, "around, the source a"),
        ("sources:\n- name: a\n  folder: .\n", 3, "around, settings/ of this home"),
        ("sources:\n- name: a\n  folder: data/exports\n", 3, "around, data/ of this home"),
        ("sources:\n- name: a\n  folder: x\n  audience: ['hr, board']\n", 4, "'hr, board' is no group"),
        ("sources:\n- name: a\n  folder: x\n  link: wiki/{path}\n", 4, "should be an address"),
        ("sources:\n- name: a\n  folder: x\n  link: 'https://w/{file}'\n", 4, "nothing is known as {file}"),
        ("link: javascript:alert(1)\n", 1, "should be an address"),
        ("audience:\n  'pay/*': []\n", 2, "names no group"),
        ("audience:\n  'pay/*': [' ']\n", 2, "is no group"),
        ("audience:\n  'wiki:pay/*': [hr]\n", 2, "there is no source 'wiki' (known: none)"),
        ("audience:\n  '/pay/*': [hr]\n", 2, "write the file as it is shown"),
    ],
)
def test_nonsense_is_said_with_file_and_line(home: Home, write: Write, text: str, line: int, said: str) -> None:
    write("settings/knowledge.yaml", text)
    found = problems(home)
    assert any(problem.startswith(f"settings/knowledge.yaml:{line}: ") and said in problem for problem in found), found


def test_sources_in_order_are_fine_even_where_their_folder_is_away(home: Home, write: Write) -> None:
    write(
        "settings/knowledge.yaml",
        "sources:\n"
        "- {name: wiki, folder: ../wiki, link: 'https://wiki.example.com/{stem}#L{line}', audience: [staff]}\n"
        "- {name: share, folder: /mnt/not-mounted, include: ['*.md'], exclude: [drafts]}\n"
        "audience: {'wiki:pay/*': [hr], 'policies/*': [everyone]}\n"
        "link: 'https://docs.example.com/{path}?page={page}'\n",
    )
    assert problems(home) == []
