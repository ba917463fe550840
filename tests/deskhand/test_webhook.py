import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web

from deskhand.webhook import Webhook, answers, webhook_of
from settings import Home, SettingsError, load_settings

Write = Callable[[str, str | bytes], Path]


class Channel:
    """An incoming webhook on loopback, with the statuses that it is to answer first."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.statuses: list[int] = []
        self.asked = 0
        self.url = ""

    async def post(self, request: web.Request) -> web.Response:
        self.asked += 1
        assert request.content_type == "application/json"
        body = await request.json()
        if self.statuses:
            return web.Response(status=self.statuses.pop(0), headers={"Retry-After": "0"})
        self.texts.append(body["text"])
        return web.Response(text="ok")


@pytest.fixture
async def channel() -> AsyncIterator[Channel]:
    made = Channel()
    server = web.Application()
    server.router.add_post("/services/T0/B0/secretpart", made.post)
    runner = web.AppRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    made.url = f"http://{host}:{port}/services/T0/B0/secretpart"
    yield made
    await runner.cleanup()


async def test_a_notice_is_posted_as_slack_and_discord_take_it(channel: Channel) -> None:
    await Webhook(channel.url, "Otto")("the run failed: x")
    assert channel.texts == ["Otto: the run failed: x"]


async def test_a_fault_that_may_pass_is_tried_again(channel: Channel) -> None:
    channel.statuses = [429, 503]
    await Webhook(channel.url, "Otto", pause=0)("x")
    assert (channel.texts, channel.asked) == (["Otto: x"], 3)


@pytest.mark.parametrize(("status", "asked"), [(404, 1), (500, 3)])
async def test_a_fault_that_stays_is_told_without_the_address(channel: Channel, status: int, asked: int) -> None:
    channel.statuses = [status] * 5
    with pytest.raises(RuntimeError, match=f"the webhook answers {status}") as told:
        await Webhook(channel.url, "Otto", pause=0)("x")
    assert "secretpart" not in str(told.value)
    assert channel.asked == asked


async def test_a_server_that_is_away_is_told_without_the_address(unused_tcp_port: int) -> None:
    with pytest.raises(RuntimeError, match=r"cannot be reached \(ConnectError\)") as told:
        await Webhook(f"http://127.0.0.1:{unused_tcp_port}/secretpart", "Otto", pause=0)("x")
    assert "secretpart" not in str(told.value)


def test_the_address_is_a_secret_that_the_settings_name(
    home: Home, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert webhook_of(load_settings(home)) is None
    write("settings/assistant.yaml", "administrators:\n  webhook_env: NOTICES\n")
    with pytest.raises(SettingsError, match=r"settings/assistant.yaml:2: .*NOTICES is not set"):
        webhook_of(load_settings(home))
    monkeypatch.setenv("NOTICES", "hooks.example.com")
    with pytest.raises(SettingsError, match="NOTICES holds no address") as told:
        webhook_of(load_settings(home))
    assert "hooks.example.com" not in str(told.value)
    monkeypatch.setenv("NOTICES", "https://hooks.example.com/services/x")
    assert webhook_of(load_settings(home)) is not None


async def test_a_host_that_says_nothing_is_given_up_soon() -> None:
    left = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        silent = Webhook(f"http://me:secret@127.0.0.1:{port}/secretpart", "Deskhand")
        assert silent.origin == f"http://127.0.0.1:{port}/"
        assert await answers(silent, seconds=0.1) == "127.0.0.1 does not answer within 0.1 s"
        await left.wait()
