"""The container's health check against a real HTTP server."""

import asyncio

import pytest
from aiohttp import web

from server import probe


async def status_of(ready: int, monkeypatch: pytest.MonkeyPatch) -> int:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=ready)

    app = web.Application()
    app.router.add_get("/readyz", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    monkeypatch.setenv("JACKFIELD_HTTP_PORT", str(runner.addresses[0][1]))
    try:
        return await asyncio.to_thread(probe.main)
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(("ready", "status"), [(200, 0), (503, 1), (500, 1)])
async def test_the_exit_status_follows_readyz(ready: int, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await status_of(ready, monkeypatch) == status


def test_nobody_listening_is_not_ready(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("JACKFIELD_HTTP_PORT", "1")
    assert probe.main() == 1
    assert "not ready" in capsys.readouterr().err
