"""Discord, by discord.py: where it speaks, how it speaks, who asks.

Public face: `DiscordBot`, and `invitation`, the link by which a server lets it in.
"""

from bots.discord.bot import DiscordBot
from bots.discord.invitation import invitation

__all__ = ["DiscordBot", "invitation"]
