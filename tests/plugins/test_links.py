import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.links import REMOVED, Addresses, LinkFilter

KNOWN = Addresses(
    ["See https://wiki.example/leave?x=1 and [the form](https://forms.example/lf-12), people@larkfield.example."]
)
HOSTS = Addresses([], ["intranet.example"])
SCRAPS = [
    *"[]()<>!@#`|:/. \nab", "@here", "@everyone", "<!here>", "<@U1>", "<@U1|sam>", "https://evil.example/x",
    "evil.example", "https://wiki.example/leave?x=1", "[text](", "![", "](https://evil.example)", "`", "```\n", "\n",
    "<img src=x>", "here", "https", "://", "word ", "[1]", "<!--", "-->", "mailto:a@evil.example",
    "people@larkfield.example", "<b>", "<a>",
]  # fmt: skip
ANYTHING = st.lists(st.sampled_from(SCRAPS), max_size=30).map("".join)


def filtered(*pieces: str, known: Addresses = KNOWN) -> str:
    links = LinkFilter(known)
    return "".join([*(links.feed(piece) for piece in pieces), links.end()])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See [the form](https://forms.example/lf-12).", "See [the form](https://forms.example/lf-12)."),
        ("See https://wiki.example/leave?x=1.", "See https://wiki.example/leave?x=1."),
        ("See <https://wiki.example/leave?x=1>.", "See <https://wiki.example/leave?x=1>."),
        ("Write to people@larkfield.example.", "Write to people@larkfield.example."),
        ("See [the form](https://evil.example/?q=secret).", "See the form."),
        ("See [the form](vpn.md).", "See the form."),
        ("See [the form][1] and [x][ref].", "See [the form][1] and x."),
        ("![chart](https://evil.example/?q=1) Done.", " Done."),
        ("[![x](https://evil.example)](https://forms.example/lf-12)", "[](https://forms.example/lf-12)"),
        ("Go to https://wiki.example/leave?x=2 now", f"Go to {REMOVED} now"),
        ("Go to evil.example/path, now", f"Go to {REMOVED}, now"),
        ("Write to boss@evil.example.", f"Write to {REMOVED}."),
        ("Run `curl https://evil.example/x`.", f"Run `curl {REMOVED}`."),
        ("```\n@here <!here> https://evil.example\n```\n", f"```\nhere  {REMOVED}\n```\n"),
        ("Use `@app.route` and `a[0](x)`.", "Use `@app.route` and `a[0](x)`."),
        ("@here and @everyone, @sam", "here and everyone, sam"),
        ("<!channel> <@U123> <@U123|sam> <#C1|general> <@&77> x", "  sam general  x"),
        ("<https://evil.example|click> here", "click here"),
        ("<a href='https://evil.example'>click</a> me", " click  me"),
        ("a < b and <your-name> [1], [2][3].", "a < b and <your-name> [1], [2][3]."),
        ("- [ ] to do\n- [x] done", "- [ ] to do\n- [x] done"),
        ("5 km/h, e.g. report.pdf, v1.2, 09.30", "5 km/h, e.g. report.pdf, v1.2, 09.30"),
        ("javascript:alert(1) x", f"{REMOVED} x"),
        ("", ""),
    ],
)
def test_links_and_mentions(text: str, shown: str) -> None:
    assert filtered(text) == shown


def test_hosts_of_the_settings_may_be_linked() -> None:
    for text in ("[a](https://intranet.example/x)", "https://intranet.example:80/x"):
        assert filtered(text, known=HOSTS) == text
    for host in ("intranet.example.evil.example", "user@evil.example", "intranet.example@evil.example"):
        assert "evil" not in filtered(f"https://{host}/x", known=HOSTS)


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_the_result_does_not_depend_on_how_the_text_is_split(data: st.DataObject) -> None:
    text = data.draw(ANYTHING)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert filtered(*pieces) == filtered(text) == filtered(*text)


@settings(deadline=None, max_examples=400)
@given(ANYTHING)
def test_nothing_survives_that_calls_people_or_leads_elsewhere(text: str) -> None:
    shown = filtered(text)  # in code an image stays as it is typed, without its address
    assert not re.search(r"@(?:here|everyone)\b(?!\.)|<[@!#][^<>\n`]*>|!\[[^\]\n]*\]\([^)\n]*://[^)\n]*\)", shown)
    assert not re.search(
        r"https?://(?!wiki\.example/leave\?x=1|forms\.example|people@larkfield\.example)\w|\bevil\.example\b", shown
    )


def test_words_are_shown_as_soon_as_they_are_whole() -> None:
    links = LinkFilter(KNOWN)
    assert [links.feed(piece) for piece in ("Five we", "eks [", "1] of", " leave")] == [
        "Five ",
        "weeks ",
        "[1] ",
        "of ",
    ]
    assert links.end() == "leave"
