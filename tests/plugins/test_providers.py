from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.library import import_litellm
from plugins.providers import check_providers, provider_problem
from settings import Home, SettingsError, load_settings
from settings.sections import ModelEntry

Write = Callable[[str, str | bytes], Path]

pytestmark = [pytest.mark.xdist_group("litellm"), pytest.mark.usefixtures("litellm_ready")]


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        ("openai/anything-at-all", ""),
        ("ollama_chat/llama3.2", ""),
        ("gpt-5-mini", ""),
        ("opnai/gpt-5-mini", "litellm knows no provider 'opnai' (did you mean openai/gpt-5-mini?)"),
        ("OpenAI/gpt-5-mini", "litellm knows no provider 'OpenAI' (did you mean openai/gpt-5-mini?)"),
        (
            "qqqqzz/llama",
            "litellm knows no provider 'qqqqzz': for a server of your own write openai/qqqqzz/llama",
        ),
        ("our-own-llama", "names no provider: write it in front, such as openai/our-own-llama"),
    ],
)
def test_a_provider_that_litellm_does_not_know_is_told_with_what_to_write(model: str, problem: str) -> None:
    expected = f"{model!r}: {problem}" if problem else ""
    assert provider_problem(import_litellm().module, ModelEntry(model=model)) == expected


def test_parameters_may_name_the_provider() -> None:
    entry = ModelEntry(model="our-own-llama", parameters={"custom_llm_provider": "openai"})
    assert provider_problem(import_litellm().module, entry) == ""


def test_each_mistake_has_its_line(home: Home, write: Write) -> None:
    write("settings/models.yaml", "models:\n  a: {model: openai/x}\n  b:\n    model: opnai/x\n")
    with pytest.raises(SettingsError) as error:
        check_providers(load_settings(home))
    assert [problem.place for problem in error.value.problems] == ["settings/models.yaml:4"]
