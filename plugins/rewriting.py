"""A follow-up as it would be asked alone: "and in Porto?" after a question about leave.

Searched both ways: as rewritten, because it names what it is about, and as typed, because a model may
have got it wrong. Without a model on the route `rewrite_query`, or when it fails, only as typed.
"""

from knowledge import Found, Passage
from plugins.contract import Turn
from plugins.models import Models
from plugins.prompt import ChatMessage
from settings.errors import ModelError

PURPOSE = "rewrite_query"

_LONGEST = 400
_EXCHANGES = 4
_CHARACTERS = 600
_TASK = """\
Rewrite the last question of a conversation so that it can be understood without the conversation. Keep \
its language, its names and its numbers, add nothing that was not said. If it can already be understood \
alone, repeat it. Reply with the question and nothing else."""


async def standalone_question(turn: Turn, models: Models, seconds: float) -> str:
    """The turn's question rewritten to stand alone; empty where it already does, or nothing can rewrite it."""
    if not any(exchange.role == "user" for exchange in turn.history) or not models.configured(PURPOSE):
        return ""
    said = [f"{exchange.role}: {exchange.text[:_CHARACTERS]}" for exchange in turn.history[-_EXCHANGES:]]
    messages: list[ChatMessage] = [
        {"role": "system", "content": _TASK},
        {"role": "user", "content": "\n".join([*said, f"Last question: {turn.message.text}"])},
    ]
    try:
        answer = await models.complete(PURPOSE, messages, turn, seconds=seconds)
    except ModelError:
        return ""  # every attempt is in the trace, with its reason
    lines = answer.text.strip().strip("\"'“”").splitlines()
    if answer.spent.cut or len(lines) != 1 or len(lines[0]) > _LONGEST:
        turn.trace.note("the rewritten question was no question, so only the typed one is searched")
        return ""
    return "" if lines[0].casefold() == turn.message.text.strip().casefold() else lines[0]


def both_found(rewritten: Found, typed: Found) -> Found:
    """The passages of two searches by their better score, no more than the longer one has."""
    best: dict[str, Passage] = {}
    for passage in (*rewritten.passages, *typed.passages):
        if passage.id not in best or passage.score > best[passage.id].score:
            best[passage.id] = passage
    ranked = sorted(best.values(), key=lambda passage: (-round(passage.score, 6), passage.id))
    most = max(len(rewritten.passages), len(typed.passages))
    return Found(tuple(ranked[:most]), max(rewritten.evidence, typed.evidence))
