"""The reference says what the code says."""

import deskhand
from docs.make_reference import PAGE, reference
from plugins.loading import SHIPPED


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run `python -m docs.make_reference`"


def test_every_name_and_every_shipped_plugin_is_in_it() -> None:
    titles = {line.removeprefix("### ") for line in reference().splitlines() if line.startswith("### ")}
    assert {*deskhand.__all__, *SHIPPED} <= titles
