"""Buttons below an answer. They name the question's number, so that they work after a restart as well."""

import re
from collections.abc import Iterator
from typing import Any, Self

import discord

from bots.platform import Post, Question, answers

Interaction = discord.Interaction[Any]


def buttons(question: Question, post: Post, hand_over: bool = False) -> discord.ui.View | None:
    """What stands below a finished answer, None elsewhere; `hand_over` is whether people can take over."""
    if post.outcome is None:
        return None
    view = discord.ui.View(timeout=None)
    if post.outcome.status != "refused":
        view.add_item(FeedbackButton("up", question.id))
        view.add_item(FeedbackButton("down", question.id))
        if question.private and question.message.place.workspace:
            view.add_item(ShareButton(question.id))
    if hand_over and not answers(post.outcome):
        view.add_item(HandOverButton(question.id))
    return view if view.children else None


class FeedbackButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"deskhand:(?P<verdict>up|down):(?P<answer>\d+)"
):
    """Thumbs up or down."""

    def __init__(self, verdict: str, answer: int) -> None:
        emoji, label = ("👍", "Good answer") if verdict == "up" else ("👎", "Bad answer")
        super().__init__(
            discord.ui.Button(emoji=emoji, label=label, custom_id=f"deskhand:{verdict}:{answer}",
                              style=discord.ButtonStyle.secondary)
        )  # fmt: skip
        self.verdict = verdict
        self.answer = answer

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, interaction: Interaction, item: discord.ui.Button[Any], match: re.Match[str]
    ) -> Self:
        return cls(match["verdict"], int(match["answer"]))

    async def callback(self, interaction: Interaction) -> None:
        await interaction.client.on_feedback(interaction, self.answer, self.verdict)


class ShareButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"deskhand:share:(?P<answer>\d+)"):
    """Show a private answer to everyone, made anew from what everyone may read."""

    def __init__(self, answer: int) -> None:
        super().__init__(
            discord.ui.Button(label="Show everyone", custom_id=f"deskhand:share:{answer}",
                              style=discord.ButtonStyle.primary)
        )  # fmt: skip
        self.answer = answer

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, interaction: Interaction, item: discord.ui.Button[Any], match: re.Match[str]
    ) -> Self:
        return cls(int(match["answer"]))

    async def callback(self, interaction: Interaction) -> None:
        await interaction.client.on_share(interaction, self.answer)


class HandOverButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"deskhand:person:(?P<answer>\d+)"):
    """Pass a question on that the documents do not answer."""

    def __init__(self, answer: int) -> None:
        super().__init__(
            discord.ui.Button(label="Ask a person", custom_id=f"deskhand:person:{answer}",
                              style=discord.ButtonStyle.primary)
        )  # fmt: skip
        self.answer = answer

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, interaction: Interaction, item: discord.ui.Button[Any], match: re.Match[str]
    ) -> Self:
        return cls(int(match["answer"]))

    async def callback(self, interaction: Interaction) -> None:
        await interaction.client.on_hand_over(interaction, self.answer)


class ReasonForm(discord.ui.Modal, title="What was wrong?"):
    """Asks for the reason of a bad verdict. What is sent is found by the form's id, also after a restart."""

    reason: discord.ui.TextInput["ReasonForm"] = discord.ui.TextInput(
        label="In your words", style=discord.TextStyle.paragraph, required=False, max_length=2000, custom_id="reason"
    )

    def __init__(self, answer: int) -> None:
        super().__init__(custom_id=f"deskhand:reason:{answer}")


def given_reason(interaction: discord.Interaction) -> tuple[int, str] | None:
    """Number of the answer and the reason of a form that was sent, None for any other interaction."""
    data: dict[str, Any] = dict(interaction.data or {})
    form = re.fullmatch(r"deskhand:reason:(\d+)", str(data.get("custom_id", "")))
    if interaction.type is not discord.InteractionType.modal_submit or form is None:
        return None
    return int(form[1]), " ".join(_values(data.get("components", []))).strip()


def _values(components: list[dict[str, Any]]) -> Iterator[str]:
    for component in components:
        inner = component.get("component")
        yield from _values([*component.get("components", []), *([inner] if inner else [])])
        if component.get("custom_id") == "reason":
            yield str(component.get("value", ""))
