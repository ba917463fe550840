"""Slack's surfaces besides messages: the app's home and the form for a reason."""

from collections.abc import Sequence
from typing import Any

from settings.sections.bots import PromptSettings

REASON = "deskhand_reason"


def home_view(knowledge: str, prompts: Sequence[PromptSettings]) -> dict[str, Any]:
    """The home tab: what the assistant knows, how current that is, how to ask."""
    how = (
        "*How to ask*\n"
        "• mention me in a channel: I answer in the thread\n"
        "• write to me in *Messages*\n"
        "• type `/ask` and your question anywhere: only you see the answer\n"
        "• choose *Answer this* in a message's menu"
    )
    blocks = [_section(knowledge[:3000]), _section(how)]
    if prompts:
        blocks.append(_section("*For example*\n" + "\n".join(f"• {prompt.message}" for prompt in prompts)))
    return {"type": "home", "blocks": blocks}


def reason_form(answer: str) -> dict[str, Any]:
    """What was wrong with an answer; `answer` is its number."""
    field = {"type": "plain_text_input", "action_id": "reason", "multiline": True, "max_length": 2000}
    return {
        "type": "modal",
        "callback_id": REASON,
        "private_metadata": answer,
        "title": _plain("What was wrong?"),
        "submit": _plain("Send"),
        "close": _plain("Skip"),
        "blocks": [
            {
                "type": "input",
                "block_id": "reason",
                "optional": True,
                "label": _plain("In your words"),
                "element": field,
            }
        ],
    }


def given_reason(view: dict[str, Any]) -> str:
    """The reason of a form that was sent."""
    value = view["state"]["values"].get("reason", {}).get("reason", {}).get("value")
    return str(value or "").strip()


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}
