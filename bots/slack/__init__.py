"""Slack, by slack-bolt: where it speaks, how it speaks, who asks.

Public face: `SlackBot`, which takes part in one workspace, and `manifest`, which describes the app.
"""

from bots.slack.bot import SlackBot
from bots.slack.manifest import manifest

__all__ = ["SlackBot", "manifest"]
