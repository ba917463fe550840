from typing import Any

import pytest

from plugins.contract import Place, Turn
from plugins.routing import choose_route, estimated_tokens
from settings.sections import ModelSettings
from tests.plugins.parts import ask

SLACK = Place("slack", workspace="T1", channel="C1")


def chosen(when: dict[str, Any], turn: Turn | None, tokens: int = 0) -> str:
    settings = ModelSettings.model_validate(
        {"routes": {"answer": ["extractive"], "other": ["extractive"]}, "rules": [{"when": when, "use": "other"}]}
    )
    return choose_route(settings, "answer", turn, tokens).route


@pytest.mark.parametrize(
    ("when", "fits", "not_"),
    [
        ({"platforms": ["slack"]}, ask(place=SLACK), ask()),
        ({"channels": ["C0", "C1"]}, ask(place=SLACK), ask(place=Place("slack", "T1", "C2"))),
        ({"workspaces": ["T1"], "channels": ["C1"]}, ask(place=SLACK), ask(place=Place("slack", "T2", "C1"))),
        ({"groups": ["managers"]}, ask(groups=["staff", "managers"]), ask(groups=["staff"])),
        ({"languages": ["de", "fr"]}, ask("Wie lange habe ich Urlaub?"), ask("How long is my leave?")),
    ],
)
def test_a_rule_fits_where_all_its_conditions_do(when: dict[str, Any], fits: Turn, not_: Turn) -> None:
    assert chosen(when, fits) == "other"
    assert chosen(when, not_) == "answer"


def test_a_rule_can_depend_on_the_size_of_the_prompt() -> None:
    assert chosen({"prompt_tokens": 100}, ask(), 100) == "other"
    assert chosen({"prompt_tokens": 100}, ask(), 99) == "answer"
    assert estimated_tokens([{"role": "user", "content": "word " * 100}]) == 125


def test_the_first_rule_that_fits_counts_and_only_for_its_own_route() -> None:
    settings = ModelSettings.model_validate(
        {
            "models": {name: {"model": "x"} for name in "abc"},
            "routes": {"answer": ["a"], "b": ["b"], "c": ["c"], "tone": ["a"]},
            "rules": [
                {"route": "tone", "when": {"platforms": ["terminal"]}, "use": "c"},
                {"when": {"platforms": ["terminal"]}, "use": "b"},
                {"when": {"groups": ["staff"]}, "use": "c"},
            ],
        }
    )
    route = choose_route(settings, "answer", ask(groups=["staff"]), 0)
    assert (route.route, route.models, route.rule) == ("b", ("b",), "rule 2: platforms terminal")
    assert choose_route(settings, "tone", ask(), 0).route == "c"


def test_without_a_turn_and_without_a_route() -> None:
    assert chosen({"platforms": ["slack"]}, None) == "answer"
    assert choose_route(ModelSettings(), "judge", None, 0).models == ("extractive",)
