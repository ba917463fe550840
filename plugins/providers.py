"""Whether litellm knows the providers that models.yaml names: what it does not know, no call can reach."""

from typing import Any

from plugins.library import import_litellm
from settings import Settings, SettingsError
from settings.misspelt import near
from settings.sections import ModelEntry


def check_providers(settings: Settings) -> None:
    """Raises SettingsError with a line for each model whose provider litellm does not know.

    Loads litellm where models are named, which takes seconds the first time.
    """
    if not settings.models.models:
        return
    module = import_litellm().module
    problems = [
        settings.problem(("models", "models", name, "model"), problem)
        for name, entry in settings.models.models.items()
        if (problem := provider_problem(module, entry))
    ]
    if problems:
        raise SettingsError(problems)


def provider_problem(module: Any, entry: ModelEntry) -> str:
    """What is wrong with the provider of a model; empty where litellm, which is `module`, knows it."""
    known = [str(getattr(provider, "value", provider)) for provider in module.provider_list]
    provider, slash, name = entry.model.partition("/")
    if (slash and provider in known) or "custom_llm_provider" in entry.parameters:
        return ""
    try:
        module.get_llm_provider(entry.model, api_base=entry.api_base)
    except module.BadRequestError:
        pass
    else:
        return ""
    if not slash:
        return f"{entry.model!r}: names no provider: write it in front, such as openai/{entry.model}"
    if meant := near(provider, known):
        return f"{entry.model!r}: litellm knows no provider {provider!r} (did you mean {meant}/{name}?)"
    return (
        f"{entry.model!r}: litellm knows no provider {provider!r}: for a server of your own write openai/{entry.model}"
    )
