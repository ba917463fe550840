from settings.misspelt import instead, names_at, near
from settings.sections import BotSettings, KnowledgeSettings, ModelSettings


def test_what_is_near_is_proposed_whatever_its_case_and_else_all_is_named() -> None:
    assert instead("Persna", ["rag", "persona"]) == " (did you mean persona?)"
    assert instead("input_cost", ["input_cost_per_million", "output_cost_per_million", "model"]) == (
        " (did you mean input_cost_per_million?)"
    )
    assert instead("colour", ["rag", "persona"]) == " (known: rag, persona)"
    assert instead("colour", []) == " (known: none)"


def test_a_name_may_be_far_from_all() -> None:
    assert near("anser", ["answer", "tone"], 0.8) == "answer"
    assert near("answer_brief", ["answer", "tone"], 0.8) == ""


def test_names_are_found_through_lists_mappings_and_unions() -> None:
    assert "models" in names_at(ModelSettings, ())
    assert "api_key_env" in names_at(ModelSettings, ("models", "main"))
    assert "parallel" in names_at(ModelSettings, ("models", "main", "limits"))
    assert "platforms" in names_at(ModelSettings, ("rules", 0, "when"))
    assert "folder" in names_at(KnowledgeSettings, ("sources", 3))
    assert "name" in names_at(BotSettings, ("slack", 0))
    assert names_at(ModelSettings, ("routes", "answer", 0)) == []
