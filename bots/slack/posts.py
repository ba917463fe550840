"""How an answer looks in Slack: standard Markdown in a markdown block, feedback buttons below it."""

from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ContextActionsBlock,
    FeedbackButtonsElement,
    MarkdownBlock,
)

from bots.platform import Post, Question

CHARACTERS = 11_000
"""A message with more Markdown than some 13,000 characters is refused as a whole."""
FEEDBACK, SHARE = "deskhand_feedback", "deskhand_share"
_NOTIFICATION = 300
"""Characters of the text that notifications show."""


def message(question: Question, post: Post) -> dict[str, Any]:
    """Arguments of a whole message."""
    blocks = [MarkdownBlock(text=post.text or "…").to_dict(), *footer(question, post)]
    return {
        "text": post.text[:_NOTIFICATION] or "…",
        "blocks": blocks,
        "metadata": metadata(question, post),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def metadata(question: Question, post: Post) -> dict[str, Any]:
    """By which a post is found again."""
    return {"event_type": "deskhand_answer", "event_payload": {"key": question.key, "number": post.number}}


def footer(question: Question, post: Post) -> list[dict[str, Any]]:
    """What stands below a finished answer: feedback, and for a private one the way to share it."""
    if post.outcome is None or post.outcome.status == "refused":
        return []
    buttons = FeedbackButtonsElement(
        action_id=FEEDBACK,
        positive_button={"text": "Good answer", "value": f"up:{question.id}"},
        negative_button={"text": "Bad answer", "value": f"down:{question.id}"},
    )
    blocks = [ContextActionsBlock(elements=[buttons]).to_dict()]
    if question.private and question.message.place.channel:
        share = ButtonElement(text="Show everyone", action_id=SHARE, value=str(question.id))
        blocks.append(ActionsBlock(elements=[share]).to_dict())
    return blocks
