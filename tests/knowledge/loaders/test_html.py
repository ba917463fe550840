from datetime import date

import pytest

from knowledge.documents import Block, Document, DocumentError, Heading, NothingToRead
from knowledge.loaders.building import Builder
from knowledge.loaders.html import load_html, read_html


def load(text: str) -> Document:
    return load_html(text.encode(), "Name")


def texts(text: str) -> list[str]:
    return [block.text for block in load(text).blocks]


@pytest.mark.parametrize(
    "noise",
    [
        "<nav>noise</nav>",
        "<script>noise</script>",
        "<style>noise</style>",
        "<footer><p>noise</p></footer>",
        "<aside>noise</aside>",
        "<noscript>noise</noscript>",
        "<template>noise</template>",
        "<button>noise</button>",
        "<select><option>noise</select>",
        "<div role='navigation'>noise</div>",
        "<p hidden>noise</p>",
        "<div hidden='hidden'><p>noise</p></div>",
        "<p style='color: red; DISPLAY : none'>noise</p>",
        "<!-- noise -->",
    ],
)
def test_what_is_not_content_is_dropped(noise: str) -> None:
    assert texts(f"<body><p>before</p>{noise}<p>after</p></body>") == ["before", "after"]


def test_what_is_shown_is_kept() -> None:
    page = "<form><p>in a form</p></form><header><p>in a header</p></header><p style='display:block'>styled</p>"
    assert texts(page) == ["in a form", "in a header", "styled"]


@pytest.mark.parametrize("main", ["<main>{}</main>", "<div role='main'>{}</div>", "<article>{}</article>"])
def test_of_a_page_with_a_main_part_only_that_is_read(main: str) -> None:
    assert texts(f"<div><p>around</p>{main.format('<p>content</p>')}<p>below</p></div>") == ["content"]


def test_headings_make_the_path_and_the_first_is_the_title() -> None:
    page = (
        "<title>Window</title><h1>Leave</h1><p>a</p><div><h2>Car<b>ry</b> over</h2><p>b</p></div><h2>Half days</h2><p>c"
    )
    document = load(page)
    assert document.title == "Leave"
    assert [(block.text, block.headings) for block in document.blocks] == [
        ("a", ()),
        ("b", ("Car**ry** over",)),
        ("c", ("Half days",)),
    ]


def test_without_a_heading_the_title_is_the_windows_then_the_files() -> None:
    assert load("<title> Win\ndow </title><p>x").title.split() == ["Win", "dow"]
    assert load("<p>x").title == "Name"


def test_tables_become_tables_with_their_header() -> None:
    [block] = load("<table><tr><th>Meal<th>Max<tr><td>Lunch<td>£15<tr><td>Dinner<td>£30</table>").blocks
    assert block.kind == "table"
    assert block.text.split("\n") == ["| Meal | Max |", "| --- | --- |", "| Lunch | £15 |", "| Dinner | £30 |"]


def test_lists_become_lists_and_their_nesting_stays() -> None:
    [block] = load("<ul><li>one<ul><li>inner</ul><li>two</ul>").blocks
    assert block.kind == "list"
    assert [line.rstrip() for line in block.text.split("\n")] == ["- one", "  - inner", "- two"]


def test_definition_lists_keep_terms_and_definitions() -> None:
    [block] = load("<dl><dt>LF-12<dd>Sickness<dt>LF-34<dd>Abroad</dl>").blocks
    assert block.kind == "list"
    assert [word for word in block.text.replace(":", " ").split() if word.isalnum() or "LF" in word] == [
        "LF-12",
        "Sickness",
        "LF-34",
        "Abroad",
    ]


def test_end_tags_that_may_be_left_out_may_be_left_out() -> None:
    page = "<html><head><title>T</title><body><p>one<p>two<h2>Head</h2><p>three<div>four</div>five"
    assert [(block.text, block.headings) for block in load(page).blocks] == [
        ("one", ()),
        ("two", ()),
        ("three", ("Head",)),
        ("four", ("Head",)),
        ("five", ("Head",)),
    ]


def test_hundreds_of_paragraphs_without_end_tags_are_not_taken_for_nesting() -> None:
    assert texts("<p>x" * 500) == ["x"] * 500


def test_loose_text_and_nested_containers_are_paragraphs_in_order() -> None:
    page = "zero<div>one <b>bold</b><div><section>two</section>three<p>four</p></div>five</div>six"
    assert texts(page) == ["zero", "one **bold**", "two", "three", "four", "five", "six"]


def test_code_and_quotations_keep_their_kind() -> None:
    document = load("<pre>a  b\n  c</pre><blockquote>said</blockquote>")
    assert [block.kind for block in document.blocks] == ["code", "text"]
    assert "a  b\n  c" in document.blocks[0].text
    assert document.blocks[1].text == "> said"


def test_a_block_names_the_line_of_its_element() -> None:
    page = "<h1>T</h1>\n<p>one</p>\n\n<div>\n<p>two</p>\n<ul>\n<li>three</ul>\nloose</div>"
    assert [(block.text, block.line) for block in load(page).blocks] == [
        ("one", 2),
        ("two", 5),
        ("- three", 6),
        ("loose", 6),
    ]


@pytest.mark.parametrize(
    "page", ["", "<html></html>", "<nav><a>x</a></nav><script>y</script>", "<h1>Only a heading</h1>", "<p> &nbsp; </p>"]
)
def test_a_page_without_text_has_nothing_to_read(page: str) -> None:
    with pytest.raises(NothingToRead, match="no text besides"):
        load(page)


def test_a_declared_charset_is_used_where_the_page_is_not_utf_8() -> None:
    page = '<meta http-equiv="Content-Type" content="text/html; charset=cp437"><p>Größe</p>'
    assert load_html(page.encode("cp437"), "N").blocks[0].text == "Größe"


@pytest.mark.parametrize("charset", ["iso-8859-1", "shift_jis", "nonsense"])
def test_utf_8_is_read_as_such_whatever_the_page_declares(charset: str) -> None:
    assert texts(f"<meta charset='{charset}'><p>Größe €5</p>") == ["Größe €5"]


def test_a_charset_that_cannot_be_is_not_believed() -> None:
    text = "Die Größe der Straße überrascht natürlich viele müde Gäste."
    page = f"<meta charset=ascii><p>{text}</p>"
    assert load_html(page.encode("cp1252"), "N").blocks[0].text == text


def test_meta_tags_are_read_as_front_matter() -> None:
    document = load(
        "<head><meta name='Keywords' content='pay, bands'><meta name=audience content='managers, people team'>"
        "<meta name=updated content=2026-01-02><meta name=review_by content=' 2027-01-02 '><meta charset=utf-8>"
        "<meta name=generator content=x></head><p>text"
    )
    assert document == Document(
        "Name",
        (Block("text", line=1),),
        ("pay", "bands"),
        ("managers", "people team"),
        date(2026, 1, 2),
        date(2027, 1, 2),
    )


def test_a_page_that_names_no_audience_is_for_everyone() -> None:
    assert load("<meta name=author content=hr><p>text").audience is None


@pytest.mark.parametrize("content", ["content=''", "content=' , '", ""])
def test_an_empty_audience_is_refused(content: str) -> None:
    with pytest.raises(DocumentError, match="audience is empty"):
        load(f"<meta name=audience {content}><p>text")


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(DocumentError, match="updated: 'May' is not a date"):
        load("<meta name=updated content=May><p>text")


def test_two_audiences_count_together() -> None:
    assert load("<meta name=audience content=hr><meta name=audience content=it><p>x").audience == ("hr", "it")


def test_a_page_nested_deeper_than_any_real_one_is_refused_with_the_line() -> None:
    with pytest.raises(DocumentError, match="line 2: elements nested over 100 deep"):
        load("<p>x</p>\n" + "<div>" * 200)


def test_a_piece_of_html_is_added_to_a_document() -> None:
    builder = Builder()
    read_html("<h2>Head</h2>\n<p>a <i>b</i></p><ul><li>c</ul>", builder, 10)
    assert builder.blocks == [Block("a *b*", ("Head",), line=12), Block("- c", ("Head",), "list", line=12)]
    assert builder.outline == [Heading("Head", 2, 11)]


def test_a_table_keeps_cells_that_span_and_needs_no_header() -> None:
    page = "<table><tr><td rowspan=2>A<td>1<td><tr><td>2<br>3<td></table>"
    assert texts(page) == ["| A | 1 |\n| --- | --- |\n| A | 2 3 |"]


def test_a_table_that_only_holds_the_page_in_place_is_no_table() -> None:
    page = "<table><tr><td><a href=/>Home</a><td><table><tr><td>x<td>y<tr><td>1<td>2</table>one<br><br>two</table>"
    assert texts(page) == ["[Home](/)", "| x | y |\n| --- | --- |\n| 1 | 2 |", "one", "two"]


def test_images_are_their_words_and_instructions_of_xml_are_none() -> None:
    page = "<?xml version='1.0'?><p>See <img src='data:image/png;base64,AAAA' alt='the plan'>.<img src=x></p>"
    assert texts(page) == ["See the plan."]


def test_an_end_tag_with_attributes_ends_a_script() -> None:
    assert texts("<script>x</script language><p>text") == ["text"]
