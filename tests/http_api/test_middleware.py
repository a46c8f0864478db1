"""Request ids, logs, unexpected errors and headers."""

import gc
import weakref

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from structlog.testing import capture_logs

from http_api.middleware import SERVER_LOG
from http_api.routes import Route
from router.errors import RoutingEndedError
from tests.http_api.conftest import MakeSite, Site
from tests.waiting import until


def extra(handler: object) -> Route:
    return Route(method="GET", path="/extra", handler=handler, operation="extra", summary="Extra")  # type: ignore[arg-type]


async def test_a_node_that_decides_nothing_any_more_says_that_it_is_ending(make_site: MakeSite) -> None:
    async def ended(_request: web.Request) -> web.Response:
        raise RoutingEndedError

    site = await make_site([extra(ended)])
    answer = await site.client.get("/extra")
    assert (answer.status, (await answer.json())["type"].rpartition(":")[2]) == (503, "stopping")


async def test_an_unexpected_error_tells_the_log_and_not_the_client(make_site: MakeSite) -> None:
    async def broken(_request: web.Request) -> web.Response:
        raise LookupError("the secret inside")

    site = await make_site([extra(broken)])
    with capture_logs() as logs:
        answer = await site.client.get("/extra", headers={"X-Request-Id": "abc-1"})
    body = await answer.text()
    assert (answer.status, answer.content_type) == (500, "application/problem+json")
    assert "secret" not in body
    assert "urn:jackfield:request:abc-1" in body
    (failed,) = [log for log in logs if log["event"] == "request_failed"]
    assert (failed["log_level"], failed["path"], failed["exc_info"]) == ("error", "/extra", True)


@pytest.mark.parametrize("error", [ConnectionResetError("gone"), RuntimeError("the handler is closed")])
async def test_a_client_who_went_away_is_no_failure(
    make_site: MakeSite, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def late(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        raise error

    site = await make_site([extra(late)])
    with capture_logs() as logs, pytest.raises(aiohttp.ServerDisconnectedError):
        await site.client.get("/extra")
    await until(lambda: any(log["event"] == "request" for log in logs))
    (gone,) = [log for log in logs if log["event"] == "client_gone"]
    assert (gone["log_level"], gone["error"]) == ("info", repr(error))
    assert not any(log["event"] == "request_failed" for log in logs)
    assert not caplog.records, "nor does aiohttp report anything"


def test_an_answer_that_found_its_client_gone_is_no_error_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    for text in ("unable to perform operation on <TCPTransport closed=True>; the handler is closed", "something else"):
        SERVER_LOG.error("Unhandled exception", exc_info=RuntimeError(text))
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["something else"]


async def test_a_connection_that_broke_behind_the_server_is_a_failure(make_site: MakeSite) -> None:
    async def broken(_request: web.Request) -> web.Response:
        raise ConnectionRefusedError("the database")

    site = await make_site([extra(broken)])
    with capture_logs() as logs:
        answer = await site.client.get("/extra")
    assert answer.status == 500
    assert any(log["event"] == "request_failed" for log in logs)


async def test_one_log_line_a_request_without_its_query(site: Site) -> None:
    with capture_logs() as logs:
        await site.client.get("/healthz?password=x")
    (line,) = [log for log in logs if log["event"] == "request"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/healthz", 200)
    assert "password" not in str(line)


async def test_an_address_that_is_as_good_as_a_password_is_not_in_the_log(site: Site) -> None:
    with capture_logs() as logs:
        await site.client.get("/api/v1/recordings/the-ticket")
    (line,) = [log for log in logs if log["event"] == "request"]
    assert (line["path"], line["status"]) == ("/api/v1/recordings/...", 404)


@pytest.mark.parametrize("given", ["abc.DEF-1_2", "x" * 64])
async def test_a_callers_request_id_is_kept(site: Site, given: str) -> None:
    answer = await site.client.get("/healthz", headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a;b", 'a"b'])
async def test_a_bad_request_id_is_replaced(site: Site, given: str) -> None:
    answer = await site.client.get("/healthz", headers={"X-Request-Id": given})
    assert len(answer.headers["X-Request-Id"]) == 32


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/nothing", "/api/v1/me", "/metrics"])
async def test_security_headers_are_on_everything(site: Site, path: str) -> None:
    headers = (await site.client.get(path)).headers
    policy = headers["Content-Security-Policy"]
    for needed in ("default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"):
        assert needed in policy.split("; ")
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in headers, "over plain HTTP it would mean nothing (RFC 6797 s.7.2)"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "microphone=(self)" in headers["Permissions-Policy"]


async def test_a_websocket_passes_through(make_site: MakeSite) -> None:
    async def echo(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    site = await make_site([extra(echo)])
    async with site.client.ws_connect("/extra") as socket:
        await socket.send_str("hello")
        received = await socket.receive()
    assert (received.type, received.data) == (WSMsgType.TEXT, "hello")


async def test_an_error_in_a_websocket_is_logged_and_closes_it(make_site: MakeSite) -> None:
    async def broken(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        raise LookupError("late")

    site = await make_site([extra(broken)])
    with capture_logs() as logs:
        async with site.client.ws_connect("/extra") as socket:
            received = await socket.receive(timeout=5)
    assert received.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR, WSMsgType.CLOSING)
    assert [log["path"] for log in logs if log["event"] == "request_failed"] == ["/extra"]


async def test_a_websocket_that_is_over_leaves_no_cycle_for_the_collector(make_site: MakeSite) -> None:
    over: list[weakref.ref[web.WebSocketResponse]] = []

    async def echo(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse(heartbeat=3)
        over.append(weakref.ref(ws))
        await ws.prepare(request)
        async for message in ws:
            await ws.send_str(message.data)
        return ws

    site = await make_site([extra(echo)])
    gc.collect()
    gc.disable()
    try:
        for leave in (True, False):
            ws = await site.client.ws_connect("/extra")
            await ws.send_str("hello")
            assert await ws.receive_str() == "hello"
            if leave:
                await ws.close()
            else:
                ws._response.close()  # the line breaks
            del ws
        await until(lambda: [one() for one in over] == [None, None], "both are gone by their last reference")
    finally:
        gc.enable()


async def test_a_websocket_whose_line_broke_leaves_no_cycle_for_the_collector(make_site: MakeSite) -> None:
    over: list[weakref.ref[web.WebSocketResponse]] = []
    errors: list[str] = []

    async def broken(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        over.append(weakref.ref(ws))
        await ws.prepare(request)
        await ws.receive()
        assert request.transport is not None
        request.transport.abort()
        await ws.close()
        errors.append(repr(ws.exception()))
        return ws

    site = await make_site([extra(broken)])
    gc.collect()
    gc.disable()
    try:
        ws = await site.client.ws_connect("/extra")
        await ws.send_str("hello")
        await until(lambda: [one() for one in over] == [None], "gone by its last reference")
        assert errors != ["None"], "there was an error to keep"
        await ws.close()
    finally:
        gc.enable()
