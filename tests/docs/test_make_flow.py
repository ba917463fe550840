"""The drawing shows the default chain."""

from xml.etree import ElementTree

from docs.make_flow import PICTURE, drawing
from settings.sections.assistant import DEFAULT_CHAIN


def test_the_drawing_is_up_to_date() -> None:
    assert PICTURE.read_text(encoding="utf-8") == drawing(), "run `python -m docs.make_flow`"


def test_every_step_of_the_default_chain_is_in_it_from_top_to_bottom() -> None:
    texts = [element.text for element in ElementTree.fromstring(drawing()).iter("{http://www.w3.org/2000/svg}text")]
    names = [entry.name for entry in DEFAULT_CHAIN]
    assert [text for text in texts if text in names] == names
