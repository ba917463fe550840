from datetime import date

import pytest

from knowledge.documents import EVERYONE, AudienceUnknown, DocumentError
from knowledge.loaders import Loader
from knowledge.loaders.front_matter import FrontMatter, front_matter_of, read_front_matter
from knowledge.loaders.html import load_html
from knowledge.loaders.markdown import load_markdown
from knowledge.loaders.text import load_text


def test_all_fields_are_read() -> None:
    front = read_front_matter(
        "---\ntitle: '  Pay  bands '\nkeywords: [pay, salary scale]\ntags: band, grade\naudience: [managers, hr]\n"
        "updated: 2026-05-01\nreview_by: '2027-05-01'\nowner: me\n---\nText"
    )
    assert front == FrontMatter(
        title="Pay bands",
        keywords=("pay", "salary scale", "band", "grade"),
        audience=("managers", "hr"),
        updated=date(2026, 5, 1),
        review_by=date(2027, 5, 1),
        lines=9,
    )


@pytest.mark.parametrize("text", ["", "Text", "# Head\n---\n", "--- x\ntitle: a\n---\n", "----\ntitle: a\n----"])
def test_a_text_without_front_matter_has_none(text: str) -> None:
    assert read_front_matter(text) == FrontMatter()


@pytest.mark.parametrize("text", ["---\nJust words\n---\n", "---\n\nA rule above.", "---\n- a\n---\n", "---"])
def test_rules_around_text_are_no_front_matter(text: str) -> None:
    assert read_front_matter(text).lines == 0


def test_empty_front_matter_takes_its_lines_and_says_nothing() -> None:
    assert read_front_matter("---\n# only a comment\n---\nText") == FrontMatter(lines=3)


def test_front_matter_may_follow_blank_lines_and_end_with_dots() -> None:
    front = read_front_matter("\n  \n---\naudience: hr\n...\nText")
    assert (front.audience, front.lines) == (("hr",), 5)


@pytest.mark.parametrize(
    ("written", "audience"),
    [
        ("audience: managers", ("managers",)),
        ("audience: managers, people team", ("managers", "people team")),
        ("audience: [managers, people team]", ("managers", "people team")),
        ("audience:\n- managers", ("managers",)),
        ("Audience: managers", ("managers",)),
        ("audience: 42", ("42",)),
        ("audience: everyone", (EVERYONE,)),
        ("title: x", None),
    ],
)
def test_the_audience_is_a_list_or_a_string_with_commas(written: str, audience: tuple[str, ...]) -> None:
    assert read_front_matter(f"---\n{written}\n---\n").audience == audience


@pytest.mark.parametrize("value", ["", " ''", " []", " ','", " ['']", " null"])
def test_an_empty_audience_is_refused(value: str) -> None:
    with pytest.raises(DocumentError, match="audience is empty: name the groups"):
        read_front_matter(f"---\naudience:{value}\n---\n")


@pytest.mark.parametrize("value", ["{managers: true}", "[[managers]]", "[{managers: true}]"])
def test_an_audience_that_is_no_list_of_names_is_refused(value: str) -> None:
    with pytest.raises(DocumentError, match="audience: write names"):
        read_front_matter(f"---\naudience: {value}\n---\n")


@pytest.mark.parametrize("load", [load_markdown, load_text, load_html])
@pytest.mark.parametrize(
    "head",
    [
        "---\ntitle: x\n\naudience: hr\n",
        "---\naudience:hr\n---",
        "---\nAudience :hr\n---",
        " ---\naudience: [hr]\n ---",
        "----\naudience: [hr]\n----",
        "<!-- ours -->\n---\naudience: [hr]\n---",
        "audience: [hr]",
        "- audience: [hr]",
        '+++\naudience = ["hr"]\n+++',
        "---\naudiences: [hr]\n---",
        "---\naudeince: [hr]\n---",
        "---\ntitle: x\nAudince: [hr]\n---",
        "---\n_audience: [hr]\n---",
    ],
)
def test_a_slip_in_the_audience_never_makes_a_document_public(load: Loader, head: str) -> None:
    try:
        document = load(f"{head}\n\nText of the page.\n".encode(), "page")
    except AudienceUnknown:
        return
    assert document.audience == ("hr",)


def test_a_misspelt_audience_of_an_html_page_makes_it_nobodys() -> None:
    page = b'<html><head><meta name="audiance" content="hr"></head><body><p>Text of the page.</p></body></html>'
    with pytest.raises(AudienceUnknown, match="there is no field audiance: write audience"):
        load_html(page, "page")


@pytest.mark.parametrize("field", ["audio", "author", "evidence", "intended_audience_size"])
def test_other_fields_are_no_slip(field: str) -> None:
    assert load_markdown(f"---\n{field}: x\n---\n\nText.\n".encode(), "page").audience is None


def test_a_page_in_html_is_restricted_by_its_meta_tag_and_not_by_front_matter() -> None:
    page = '<meta name="audience" content="hr"><p>Text</p>'
    assert load_html(page.encode(), "page").audience == ("hr",)
    with pytest.raises(AudienceUnknown, match="meta name"):
        load_html(b"---\naudience: [hr]\n---\n<p>Text</p>", "page")


def test_broken_yaml_is_refused_with_its_line() -> None:
    with pytest.raises(DocumentError, match=r"^line 4: the front matter is not YAML"):
        read_front_matter("\n---\ntitle: x\nkeywords: [a\n---\nText")


def test_characters_that_yaml_forbids_are_refused() -> None:
    with pytest.raises(DocumentError, match="line 1: the front matter is not YAML"):
        read_front_matter("---\ntitle: \x07\n---\n")


@pytest.mark.parametrize("value", ["soon", "2026", "01/02/2026", "2026-02-30", "'2026-02-30'"])
def test_a_date_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(DocumentError, match="front matter"):
        read_front_matter(f"---\nupdated: {value}\n---\n")


@pytest.mark.parametrize(("value", "day"), [("2026-05-01 10:00:00", date(2026, 5, 1)), ("", None), ("''", None)])
def test_a_time_is_cut_to_its_day_and_an_empty_date_is_none(value: str, day: date | None) -> None:
    assert read_front_matter(f"---\nupdated: {value}\n---\n").updated == day


def test_fields_of_other_origin_follow_the_same_rules() -> None:
    assert front_matter_of({"Audience": "hr, managers", "updated": ""}).audience == ("hr", "managers")


BOMB = "a: &a [x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (f"{BOMB}updated: *i", r"line 3: the front matter refers to itself \(\*a\)"),
        ("title: &t [*t]", r"line 2: the front matter refers to itself"),
        ("title: " + "[" * 5000, "line 2: the front matter is nested over 20 deep"),
        ("title: 1" + "0" * 5000, "has a value that cannot be: Exceeds the limit"),
        ("title: 1:" + "59:" * 5000 + "59", "has a value that cannot be: Exceeds the limit"),
        ("audience: [hr]\nAudience: [everyone]", "line 3: audience is there twice: leave one of them"),
        ("audience: [hr]\ntitle: x\naudience: [everyone]", "line 4: audience is there twice"),
        ("audience: [no, se]", "put them in quotes"),
        ("audience: yes", "put them in quotes"),
        ("a: !!python/object/apply:os.system ['true']", "the front matter is not YAML"),
    ],
)
def test_front_matter_that_multiplies_or_says_two_things_is_refused(head: str, reason: str) -> None:
    with pytest.raises(AudienceUnknown, match=reason):
        read_front_matter(f"---\n{head}\n---\n\nText.\n")


def test_a_title_that_is_none_is_left_out_and_a_long_one_is_cut() -> None:
    assert read_front_matter("---\ntitle: {en: Leave}\n---\n").title is None
    document = load_markdown(b"---\ntitle: " + b"word " * 5000 + b"\n---\n\nText.\n", "a")
    assert len(document.title) <= 201
    assert document.title.endswith("word…")
