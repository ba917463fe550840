"""Buttons below an answer. They name the question's number, so that they work after a restart as well."""

import re
from typing import Any, Self

import discord

from bots.platform import Post, Question

Interaction = discord.Interaction[Any]


def buttons(question: Question, post: Post) -> discord.ui.View | None:
    """What stands below a finished answer, None elsewhere."""
    if post.outcome is None or post.outcome.status == "refused":
        return None
    view = discord.ui.View(timeout=None)
    view.add_item(FeedbackButton("up", question.id))
    view.add_item(FeedbackButton("down", question.id))
    if question.private and question.message.place.workspace:
        view.add_item(ShareButton(question.id))
    return view


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


class ReasonForm(discord.ui.Modal, title="What was wrong?"):
    """Asks for the reason of a bad verdict."""

    reason: discord.ui.TextInput["ReasonForm"] = discord.ui.TextInput(
        label="In your words", style=discord.TextStyle.paragraph, required=False, max_length=2000
    )

    def __init__(self, answer: int) -> None:
        super().__init__(custom_id=f"deskhand:reason:{answer}")
        self.answer = answer

    async def on_submit(self, interaction: Interaction) -> None:
        await interaction.client.on_reason(interaction, self.answer, str(self.reason.value).strip())
