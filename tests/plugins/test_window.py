import pytest

from plugins.window import ANSWER_TOKENS, UNKNOWN_WINDOW, cache_parameters, estimate_tokens, model_window
from settings.sections import ModelEntry

TEXTS = {
    "English": "Up to five days of annual leave may be carried over into the next calendar year, until 31 March.",
    "German": "Resturlaub muss bis zum 31. März genommen werden; Überstundenausgleich gilt als Arbeitszeit.",
    "French": "Les notes de frais doivent être envoyées avant le 5 du mois à l'adresse habituelle.",
    "Russian": "Неиспользованный отпуск можно перенести на следующий год до конца марта.",
    "Chinese": "未使用的年假最多可以结转五天到下一年。",
    "code": "for (i = 0; i < 10; ++i) { total[i] += f(x[i], \"a-b_c\"); }",
    "table": "| day | hours |\n|---|---|\n| Monday | 7.5 |\n",
}  # fmt: skip


@pytest.mark.xdist_group("litellm")
@pytest.mark.usefixtures("litellm_ready")
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_estimate_is_not_below_a_real_tokenizer_and_not_far_above(text: str) -> None:
    import litellm

    real = litellm.token_counter(model="gpt-4o", text=text)
    assert real <= estimate_tokens(text) <= 3 * real


def test_an_empty_text_has_no_tokens() -> None:
    assert estimate_tokens("") == 0


def test_the_window_leaves_room_for_the_answer() -> None:
    assert model_window(ModelEntry(model="openai/local"), None).tokens == UNKNOWN_WINDOW - ANSWER_TOKENS
    limited = ModelEntry(model="openai/local", parameters={"max_tokens": 100})
    assert model_window(limited, None).tokens == UNKNOWN_WINDOW - 100


@pytest.mark.xdist_group("litellm")
@pytest.mark.usefixtures("litellm_ready")
def test_a_known_model_has_its_own_window_and_tokenizer() -> None:
    import litellm

    known = model_window(ModelEntry(model="gpt-4o"), litellm)
    assert known.tokens > 100_000
    assert known.count("Five weeks of leave") == litellm.token_counter(model="gpt-4o", text="Five weeks of leave")
    unknown = model_window(ModelEntry(model="openai/nobody-knows"), litellm)
    assert (unknown.tokens, unknown.count) == (UNKNOWN_WINDOW - ANSWER_TOKENS, estimate_tokens)


def test_only_claude_has_to_be_asked_to_cache() -> None:
    assert cache_parameters("anthropic/claude-sonnet-4-5")["cache_control_injection_points"]
    assert cache_parameters("bedrock/eu.anthropic.claude-haiku-4-5-v1:0")["cache_control_injection_points"]
    assert cache_parameters("openai/gpt-5-mini") == {}
