"""The link by which a server's owner invites the bot: `deskhand discord invite` prints it."""

import discord

PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    read_message_history=True,
    embed_links=True,
)
"""What it needs in the channels where it answers, and nothing more."""


def invitation(application_id: int) -> str:
    """The address to open in a browser."""
    return discord.utils.oauth_url(application_id, permissions=PERMISSIONS, scopes=("bot", "applications.commands"))
