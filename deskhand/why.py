"""`deskhand ask --why`: the whole way of an answer, as an object and as text.

It shows the trace of the asker's own turn and nothing else, so only what the asker may see.
"""

from typing import Any

from bots import place_of, printable
from plugins import Citation
from plugins.contract import Trace
from plugins.trace import Attempt, RouteTrace, SearchTrace


def why_as_dict(trace: Trace) -> dict[str, Any]:
    """The value of `why` in `deskhand ask --json --why`."""
    return {
        "plugins": [
            {"plugin": step.plugin, "ms": round(step.seconds * 1000, 2), "error": step.error or None}
            for step in reversed(trace.plugins)
        ],
        "searches": [_search(search) for search in trace.searches],
        "routes": [
            {"purpose": route.purpose, "route": route.route, "models": list(route.models), "rule": route.rule or None}
            for route in trace.routes
        ],
        "attempts": [_attempt(attempt) for attempt in trace.attempts],
        "cost_usd": trace.cost_usd,
        "notes": list(trace.notes),
    }


def why_as_text(trace: Trace) -> str:
    """The same for people: one line a step."""
    lines = ["Why this answer:"]
    for search in trace.searches:
        lines.append(f"  searched “{search.question}”, evidence {search.evidence:.2f}")
        for number, passage in enumerate(search.passages, start=1):
            place = place_of(Citation(number, passage))
            lines.append(f"    {number}. {passage.score:.2f}  {place}  (version {passage.version[:8]})")
    lines += [f"  {_route_line(route)}" for route in trace.routes]
    lines += [f"  {_attempt_line(attempt)}" for attempt in trace.attempts]
    lines += [f"  {note}" for note in trace.notes]
    for step in reversed(trace.plugins):
        failed = f"  failed: {step.error}" if step.error else ""
        lines.append(f"  plugin {step.plugin}: {step.seconds * 1000:.1f} ms{failed}")
    cost = "unknown" if trace.cost_usd is None else f"${trace.cost_usd:.6f}"
    lines.append(f"  cost of all models: {cost}")
    return printable("\n".join(lines))


def _search(search: SearchTrace) -> dict[str, Any]:
    return {
        "question": search.question,
        "evidence": round(search.evidence, 4),
        "passages": [
            {
                "source": passage.source,
                "version": passage.version,
                "title": passage.title,
                "heading": passage.heading,
                "page": passage.page,
                "line": passage.line,
                "score": round(passage.score, 4),
            }
            for passage in search.passages
        ],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    first = attempt.first_seconds
    return {
        "route": attempt.route,
        "model": attempt.model,
        "moved_on_because": attempt.problem or None,
        "first_ms": None if first is None else round(first * 1000, 1),
        "ms": round(attempt.seconds * 1000, 1),
        "prompt_tokens": attempt.usage.prompt_tokens,
        "answer_tokens": attempt.usage.answer_tokens,
        "estimated": attempt.estimated,
        "cost_usd": attempt.cost_usd,
    }


def _route_line(route: RouteTrace) -> str:
    name = route.purpose if route.purpose == route.route else f"{route.purpose} -> {route.route} ({route.rule})"
    return f"route {name}: {' > '.join(route.models)}"


def _attempt_line(attempt: Attempt) -> str:
    if attempt.problem:
        return f"{attempt.model}: moved on after {attempt.seconds:.2f} s: {attempt.problem}"
    cost = "price unknown" if attempt.cost_usd is None else f"${attempt.cost_usd:.6f}"
    first = "" if attempt.first_seconds is None else f"first piece after {attempt.first_seconds:.2f} s, "
    tokens = f"{attempt.usage.prompt_tokens} + {attempt.usage.answer_tokens} tokens"
    return f"{attempt.model} ({attempt.route}): {first}all after {attempt.seconds:.2f} s, {tokens}, {cost}"
