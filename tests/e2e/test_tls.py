"""The whole server with a certificate: HTTPS, WSS, SIP over TLS, and a renewal while an agent is connected."""

import asyncio
import signal
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509

from tests.certificates import Pair, make
from tests.e2e.server import PASSWORD, Server
from tests.ports import HOST, free_port

pytestmark = pytest.mark.e2e


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return make(tmp_path)


@pytest.fixture
def sip_tls_port() -> int:
    return free_port()


@pytest.fixture
def secure(tmp_path: Path, pair: Pair, sip_tls_port: int) -> Iterator[Server]:
    flags = [f"--tls-cert={pair.cert}", f"--tls-key={pair.key}", f"--sip-tls-port={sip_tls_port}"]
    server = Server(tmp_path, arguments=flags)
    yield server.start()
    try:
        assert server.interrupt() == 0
        assert not server.errors()
    finally:
        server.close()


async def test_https_wss_sips_and_a_renewal(secure: Server, pair: Pair, sip_tls_port: int) -> None:
    base = f"https://{HOST}:{secure.http_port}"
    printed = secure.out_path.read_text()
    assert f"agent page   {base}/agent/\n" in printed
    assert f"sips:4000@{HOST}:{sip_tls_port}" in printed
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=pair.trusting())) as http:
        async with http.get(f"{base}/readyz") as answer:
            assert answer.status == 200
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        async with http.post(f"{base}/api/v1/session", json={"account": "agent1", "password": PASSWORD}) as answer:
            token = (await answer.json())["token"]
        address = f"wss://{HOST}:{secure.http_port}/api/v1/agents/ws"
        async with http.ws_connect(address, protocols=["jackfield.v1.json"], origin=base) as ws:
            await ws.send_json({"type": "hello", "token": token})
            assert (await ws.receive_json(timeout=10))["type"] == "welcome"
            assert (await options(sip_tls_port, pair.trusting())).startswith(b"SIP/2.0 200")

            old = pair.serial
            renewed = make(pair.cert.parent)
            assert renewed.serial != old
            assert secure._process is not None
            secure._process.send_signal(signal.SIGHUP)
            await until_shown(renewed, secure.http_port)
            assert (await options(sip_tls_port, renewed.trusting())).startswith(b"SIP/2.0 200")
            assert (await ws.receive_json(timeout=10))["type"] == "snapshot"
            await ws.send_json({"type": "ping", "ref": "still here"})
            assert (await ws.receive_json(timeout=10))["ref"] == "still here"


@asynccontextmanager
async def line(port: int, trust: ssl.SSLContext) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(HOST, port, ssl=trust)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


async def until_shown(pair: Pair, port: int) -> None:
    """The signal is handled when the loop comes round to it."""
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    async with asyncio.timeout(30):
        while True:
            async with line(port, anybody) as (_, writer):
                shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            if x509.load_der_x509_certificate(shown).serial_number == pair.serial:
                return
            await asyncio.sleep(0.05)


async def options(port: int, trust: ssl.SSLContext) -> bytes:
    """The answer to a SIP OPTIONS over TLS."""
    async with line(port, trust) as (reader, writer):
        mark = id(writer)
        writer.write(
            f"OPTIONS sips:{HOST}:{port} SIP/2.0\r\nVia: SIP/2.0/TLS test.invalid;branch=z9hG4bK-{mark};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sips:t@test.invalid>;tag=a\r\nTo: <sips:{HOST}>\r\nCall-ID: {mark}\r\n"
            "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n".encode()
        )
        return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
