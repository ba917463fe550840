"""A Slack workspace on loopback: real HTTP and WebSocket, so that the real slack-bolt and slack_sdk talk to it.

async with FakeSlack() as slack:
    slack.add_person("U1", "Sam")
    slack.add_channel("C1", members=["U1", slack.bot_user])
    ...                                        # start a bot with base_url=slack.base_url
    await slack.say("U1", "C1", f"<@{slack.bot_user}> how many days?")
    [answer] = await slack.answers("C1")
"""

from deskhand.testing.slack.server import APP_TOKEN, BOT_TOKEN, FakeSlack
from deskhand.testing.slack.state import Message

__all__ = ["APP_TOKEN", "BOT_TOKEN", "FakeSlack", "Message"]
