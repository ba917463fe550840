"""How an answer looks in Slack: standard Markdown in a markdown block, feedback buttons below it."""

from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ContextActionsBlock,
    FeedbackButtonsElement,
    MarkdownBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from bots.inbox import Entry
from bots.platform import Post, Question, answers

CHARACTERS = 11_000
"""A message with more Markdown than some 13,000 characters is refused as a whole."""
FEEDBACK, SHARE, HAND_OVER = "deskhand_feedback", "deskhand_share", "deskhand_hand_over"
_NOTIFICATION = 300
"""Characters of the text that notifications show."""


def message(question: Question, post: Post, hand_over: bool = False) -> dict[str, Any]:
    """Arguments of a whole message; `hand_over` is whether people can take over what is not answered."""
    blocks = [MarkdownBlock(text=post.text or "…").to_dict(), *footer(question, post, hand_over)]
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


def footer(question: Question, post: Post, hand_over: bool = False) -> list[dict[str, Any]]:
    """What stands below a finished answer: feedback, for a private one the way to share it, for none the way on."""
    if post.outcome is None:
        return []
    person = ButtonElement(text="Ask a person", action_id=HAND_OVER, value=str(question.id))
    passed_on = [ActionsBlock(elements=[person]).to_dict()] if hand_over and not answers(post.outcome) else []
    if post.outcome.status == "refused":
        return passed_on
    buttons = FeedbackButtonsElement(
        action_id=FEEDBACK,
        positive_button={"text": "Good answer", "value": f"up:{question.id}"},
        negative_button={"text": "Bad answer", "value": f"down:{question.id}"},
    )
    blocks = [ContextActionsBlock(elements=[buttons]).to_dict()]
    if question.private and question.message.place.channel:
        share = ButtonElement(text="Show everyone", action_id=SHARE, value=str(question.id))
        blocks.append(ActionsBlock(elements=[share]).to_dict())
    return blocks + passed_on


def handed_over(entry: Entry, link: str) -> dict[str, Any]:
    """Arguments of what is said to the people who take over."""
    message = entry.question.message
    said = f"<@{message.person.id}> asked what the documents do not say" + (
        f": <{link}|see the thread>" if link else ""
    )
    quoted = SectionBlock(text=PlainTextObject(text=f"“{message.text[:2000]}”", emoji=False))
    return {
        "text": said,
        "blocks": [SectionBlock(text=MarkdownTextObject(text=said)).to_dict(), quoted.to_dict()],
        "unfurl_links": False,
        "unfurl_media": False,
    }
