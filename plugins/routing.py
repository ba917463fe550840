"""Which models are tried for a question: the route of a purpose, or another one where a rule fits."""

from collections.abc import Sequence

from plugins.contract import Turn
from plugins.language_detection import language_of
from plugins.prompt import ChatMessage
from plugins.trace import RouteTrace
from settings import EXTRACTIVE
from settings.sections import ModelSettings, RuleConditions


def choose_route(settings: ModelSettings, purpose: str, turn: Turn | None, prompt_tokens: int) -> RouteTrace:
    """The route for a purpose, by the first rule that fits. A purpose without a route has no models."""
    for number, rule in enumerate(settings.rules, start=1):
        if rule.route == purpose and turn is not None and _fits(rule.when, turn, prompt_tokens):
            return RouteTrace(
                purpose, rule.use, tuple(settings.routes[rule.use]), f"rule {number}: {_shown(rule.when)}"
            )
    return RouteTrace(purpose, purpose, tuple(settings.routes.get(purpose, [EXTRACTIVE])))


def estimated_tokens(messages: Sequence[ChatMessage]) -> int:
    """About how many tokens a prompt has: a quarter of its bytes, which fits scripts of one and of three bytes."""
    return sum(len(message["content"].encode()) for message in messages) // 4


def _fits(when: RuleConditions, turn: Turn, prompt_tokens: int) -> bool:
    place, person = turn.message.place, turn.message.person
    return (
        (not when.platforms or place.platform in when.platforms)
        and (not when.workspaces or place.workspace in when.workspaces)
        and (not when.channels or place.channel in when.channels)
        and (not when.groups or not set(when.groups).isdisjoint(person.groups))
        and (when.prompt_tokens is None or prompt_tokens >= when.prompt_tokens)
        and (not when.languages or language_of(turn.message.text) in when.languages)
    )


def _shown(when: RuleConditions) -> str:
    given = when.model_dump(exclude_defaults=True).items()
    return ", ".join(f"{name} {' or '.join(value) if isinstance(value, list) else value}" for name, value in given)
