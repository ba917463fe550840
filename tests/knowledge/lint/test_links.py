import pytest

from knowledge.documents import Block
from knowledge.lint.links import Files, anchors_of, broken, headings_of, links_of
from tests.knowledge.lint.making import document

FILES = [
    "policies/leave.md",
    "policies/pay bands.md",
    "help/VPN.md",
    "help/index.html",
    "logo.png",
    "wiki:a/b.md",
    "policies/leave/details.md",
    "policies/details.md",
]
ANCHORS = {"help/VPN.md": frozenset({"setup", "errors1"}), "policies/leave.md": frozenset({"carryover"})}


def found(text: str, source: str = "policies/leave.md") -> list[tuple[str, int | None, str]]:
    links = tuple(links_of(document("Words.", text)))
    findings = broken(source, links, Files(FILES), ANCHORS, headings_of(ANCHORS))
    return [(one.severity, one.line, one.reason) for one in findings]


@pytest.mark.parametrize(
    "text",
    [
        "[pay](pay%20bands.md) and [pay](<pay bands.md>)",
        '[vpn](../help/VPN.md#setup "How")',
        "[vpn](../help/VPN)",
        "[help](../help/)",
        "[help](../help)",
        "[over](#carry-over)",
        "[site](/anything) [web](https://acme.example/x) [mail](mailto:hr@acme.example) [tel](tel:+44)",
        "![picture](missing.png)",
        "`[code](missing.md)`",
        "[not a link](Throughout the year)",
        "[outside](../../other/file.md)",
        "[^1]: Throughout the year",
        "[below](details/)",
        "[beside](../details)",
    ],
)
def test_links_that_lead_somewhere_or_elsewhere(text: str) -> None:
    assert found(text) == []


def test_links_that_lead_nowhere() -> None:
    assert found("Fine.\nSee [old](old.md).") == [("warning", 6, "the link to 'old.md' leads to no file")]
    assert found("[x]: gone.md") == [("warning", 5, "the link to 'gone.md' leads to no file")]
    assert found("[x](gone/)") == [("note", 5, "the link to 'gone/' leads to no file")]
    [(severity, _, reason)] = found("[vpn](../help/vpn.md)")
    assert (severity, reason) == ("note", "the link to '../help/vpn.md' is written otherwise than 'help/VPN.md'")
    assert found("[vpn](../help/VPN.md#nowhere)") == [
        ("note", 5, "the link to '../help/VPN.md#nowhere' leads to no heading")
    ]
    assert [line for _, line, _ in found("[x](gone.md) [y](gone.md)")] == [5]


def test_a_heading_that_another_document_has_is_named() -> None:
    assert found("[set up](#set-up)") == [
        ("note", 5, "the link to '#set-up' leads to no heading, but help/VPN.md has it")
    ]


def test_a_target_without_extension_may_be_meant_otherwise() -> None:
    assert found("It is so [there](sic).") == [("note", 5, "the link to 'sic' leads to no file")]
    links = tuple(links_of(document("[them](github.example.com/acme)")))
    [finding] = broken("policies/leave.md", links, Files(FILES), {}, {})
    assert finding.fix.startswith("if it leads to a site, write it with https://")


@pytest.mark.parametrize("name", ["gone.md", "old.py", "old/page.md"])
def test_a_file_that_is_gone_is_no_site(name: str) -> None:
    links = tuple(links_of(document(f"[x]({name})")))
    [finding] = broken("policies/leave.md", links, Files(FILES), {}, {})
    assert finding.fix == "correct the path, or remove the link"


def test_links_stay_within_their_source() -> None:
    assert found("[x](b.md)", "wiki:a/c.md") == []
    assert len(found("[x](leave.md)", "wiki:a/c.md")) == 1


def test_an_id_may_stand_in_its_heading() -> None:
    made = document(blocks=(Block("Text", ("Set up {#set-up-of-(new)-phones}",)),))
    assert anchors_of(made) == {"leave", "setup", "setupofnewphones"}


def test_anchors_are_headings_and_ids() -> None:
    made = document(blocks=(Block('Text <a id="extra"></a> {#more}', ("1.2 Carry over",)),))
    assert anchors_of(made) == {"leave", "12carryover", "extra", "more"}
