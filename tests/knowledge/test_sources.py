from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.documents import EVERYONE
from knowledge.folder import Walk, walk_documents
from knowledge.sources import Sources
from settings import Home
from settings.sections import KnowledgeSettings

Write = Callable[[str, str | bytes], Path]


def sources(home: Home, **knowledge: Any) -> Sources:
    return Sources(home, KnowledgeSettings.model_validate(knowledge))


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    folder = tmp_path / "wiki"
    folder.mkdir()
    return folder


def walked(home: Home, wiki: Path, **entry: Any) -> Walk:
    return walk_documents(sources(home, sources=[{"name": "wiki", "folder": str(wiki), **entry}]))


def shown(walk: Walk) -> list[str]:
    return [file.source for file in walk.files]


def test_a_document_of_another_source_is_shown_with_its_name(home: Home, write: Write, wiki: Path) -> None:
    write("knowledge/docs/a.md", "a")
    (wiki / "sub").mkdir()
    (wiki / "sub" / "b.md").write_text("b")
    assert shown(walked(home, wiki)) == ["a.md", "wiki:sub/b.md"]


def test_a_relative_folder_is_below_the_home(home: Home, write: Write) -> None:
    write("shared/x.md", "x")
    assert shown(walked(home, Path("shared"))) == ["wiki:x.md"]


def test_patterns_take_some_files_and_leave_out_others(home: Home, wiki: Path) -> None:
    for name in ("a.md", "b.txt", "drafts/c.md", "deep/d.md"):
        (wiki / name).parent.mkdir(exist_ok=True)
        (wiki / name).write_text("x")
    assert shown(walked(home, wiki, include=["*.md"], exclude=["drafts"])) == ["wiki:a.md", "wiki:deep/d.md"]


def test_a_checkout_is_read_without_its_git_folder_and_with_its_submodules(home: Home, wiki: Path) -> None:
    (wiki / ".git" / "hooks").mkdir(parents=True)
    (wiki / ".git" / "description.md").write_text("no document")
    (wiki / "module").mkdir()
    (wiki / "module" / ".git").write_text("gitdir: ../.git/modules/module")
    (wiki / "module" / "page.md").write_text("a page")
    assert shown(walked(home, wiki)) == ["wiki:module/page.md"]


def test_links_out_of_a_source_are_not_followed_and_said(home: Home, wiki: Path, tmp_path: Path) -> None:
    (tmp_path / "private.md").write_text("private")
    (wiki / "real.md").write_text("x")
    (wiki / "alias.md").symlink_to("real.md")
    (wiki / "out.md").symlink_to(tmp_path / "private.md")
    (wiki / "up").symlink_to(tmp_path)
    walk = walked(home, wiki)
    assert shown(walk) == ["wiki:alias.md", "wiki:real.md"]
    assert set(walk.skipped) == {"wiki:out.md", "wiki:up"}


def test_a_missing_source_is_said_and_the_others_go_on(home: Home, write: Write, wiki: Path) -> None:
    write("knowledge/docs/a.md", "a")
    wiki.rmdir()
    walk = walked(home, wiki)
    assert shown(walk) == ["a.md"]
    assert "there is no folder" in walk.unreadable["wiki:"]
    assert not walk.covers("wiki:b.md")
    assert walk.covers("b.md")


def test_a_missing_documents_folder_does_not_stop_other_sources(home: Home, wiki: Path) -> None:
    home.documents.rmdir()
    (wiki / "b.md").write_text("b")
    walk = walked(home, wiki)
    assert shown(walk) == ["wiki:b.md"]
    assert walk.covers("wiki:x.md")
    assert not walk.covers("x.md")


def test_a_file_that_is_named_like_a_source_does_not_pass_for_one_of_it(home: Home, write: Write, wiki: Path) -> None:
    write("knowledge/docs/wiki:pay.md", "open")
    walk = walked(home, wiki)
    assert shown(walk) == []
    assert "rename it" in walk.skipped["wiki:pay.md"]


def test_the_last_pattern_that_fits_wins_then_the_source_then_everyone(home: Home, wiki: Path) -> None:
    found = sources(
        home,
        sources=[{"name": "wiki", "folder": str(wiki), "audience": ["staff"]}],
        audience={"policies/*": ["hr"], "policies/open/*": [EVERYONE], "wiki:board/": ["board"], "secret": ["hr"]},
    )
    assert found.audience("policies/pay.md") == ("hr",)
    assert found.audience("policies/open/pay.md") == (EVERYONE,)
    assert found.audience("secret/deep/x.md") == ("hr",)  # a folder's name restricts what lies in it
    assert found.audience("help/vpn.md") == (EVERYONE,)
    assert found.audience("wiki:board/a.md") == ("board",)
    assert found.audience("wiki:policies/a.md") == ("staff",)


def test_a_rule_changes_with_the_audience_and_with_the_source_alone(home: Home, wiki: Path) -> None:
    entry = {"name": "wiki", "folder": str(wiki)}
    plain, restricted = sources(home, sources=[entry]), sources(home, sources=[{**entry, "audience": ["hr"]}])
    assert plain.rule("wiki:a.md") != restricted.rule("wiki:a.md")
    assert plain.rule("a.md") == restricted.rule("b.md")
    assert sources(home).rule("wiki:a.md") != plain.rule("wiki:a.md")
    assert sources(home).changed_hands("wiki:a.md", plain.rule("wiki:a.md"))
    assert not plain.changed_hands("wiki:a.md", restricted.rule("wiki:a.md"))


@pytest.mark.parametrize(
    ("template", "document", "line", "page", "link"),
    [
        ("https://w/{path}", "a b/ü.md", None, None, "https://w/a%20b/%C3%BC.md"),
        ("https://w/{stem}#L{line}", "a.b/c.tar.gz", 12, None, "https://w/a.b/c.tar#L12"),
        ("https://w/{path}#page={page}", "x.pdf", None, 3, "https://w/x.pdf#page=3"),
        ("https://w/{path}#L{line}", "x.pdf", None, 3, "https://w/x.pdf#L1"),
        ("https://w/{stem}", "a.d/README", None, None, "https://w/a.d/README"),
        ("https://w/{path}", "../stray.md", None, None, ""),
        (None, "a.md", 1, 1, ""),
    ],
)
def test_links(home: Home, template: str | None, document: str, line: int | None, page: int | None, link: str) -> None:
    assert sources(home, link=template).link(document, line, page) == link


@given(st.text(min_size=1, max_size=30))
def test_a_link_never_breaks_out_of_its_address(name: str) -> None:
    link = sources(Home(Path("/nowhere")), link="https://w/{path}").link(name.encode("utf-8", "replace").decode())
    assert link.isascii()
    assert not set(link) & set(" <>\"'()|\n")


def test_patterns_that_fit_no_file_are_named(home: Home) -> None:
    found = sources(home, audience={"pay/*": ["hr"], "pey/*": ["hr"]})
    assert found.idle_patterns(["help/a.md", "pay/b.md"]) == ["pey/*"]
