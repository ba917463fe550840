"""The reference says what the code says."""

import re

import deskhand
from docs.make_reference import PAGE, reference
from plugins.loading import SHIPPED
from settings.home import CHECKOUT


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run `python -m docs.make_reference`"


def test_every_name_and_every_shipped_plugin_is_in_it() -> None:
    titles = {line.removeprefix("### ") for line in reference().splitlines() if line.startswith("### ")}
    assert {*deskhand.__all__, *SHIPPED} <= titles


def test_every_option_says_what_it_is_for() -> None:
    assert re.findall(r"^\| .*\|  \|$", reference().partition("## Plugins that ship")[2], flags=re.M) == []


def test_the_list_of_plugins_has_every_shipped_one_in_the_order_of_the_settings() -> None:
    listed = re.findall(r"^\| \[?\*{0,2}`(\w+)`", (PAGE.parent / "README.md").read_text(encoding="utf-8"), flags=re.M)
    text = (CHECKOUT / "settings" / "assistant.yaml").read_text(encoding="utf-8")
    chain = [name for name in re.findall(r"^  (?:# )?- (\w+)\b", text, flags=re.M) if name in SHIPPED]
    assert listed == chain
    assert sorted(listed) == sorted(SHIPPED)
