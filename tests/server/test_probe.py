"""The container's health check against a real HTTP server."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from server import probe
from tests.certificates import Pair, make


async def status_of(ready: int, monkeypatch: pytest.MonkeyPatch, pair: Pair | None = None) -> int:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=ready)

    app = web.Application()
    app.router.add_get("/readyz", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=None if pair is None else pair.server())
    await site.start()
    monkeypatch.setenv("JACKFIELD_HTTP_PORT", str(runner.addresses[0][1]))
    if pair is not None:
        monkeypatch.setenv("JACKFIELD_TLS_CERT", str(pair.cert))
        monkeypatch.setenv("JACKFIELD_TLS_KEY", str(pair.key))
    try:
        return await asyncio.to_thread(probe.main)
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(("ready", "status"), [(200, 0), (503, 1), (500, 1)])
async def test_the_exit_status_follows_readyz(ready: int, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await status_of(ready, monkeypatch) == status


async def test_over_tls_with_a_certificate_for_another_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert await status_of(200, monkeypatch, make(tmp_path)) == 0


def test_nobody_listening_is_not_ready(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("JACKFIELD_HTTP_PORT", "1")
    assert probe.main() == 1
    assert "not ready" in capsys.readouterr().err
