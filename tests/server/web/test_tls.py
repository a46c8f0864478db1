"""The certificate: what is refused, and a renewal under open connections."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from server.web.tls import Certificate, TlsError, certificate
from tests.certificates import Pair, make


@asynccontextmanager
async def echoing(shown: Certificate) -> AsyncIterator[int]:
    """A server that sends every line back; yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=shown.context)
    async with server:
        yield server.sockets[0].getsockname()[1]


class Line:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @property
    def serial(self) -> int:
        shown = self._writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return x509.load_der_x509_certificate(shown).serial_number

    async def echo(self) -> bytes:
        self._writer.write(b"x\n")
        return await asyncio.wait_for(self._reader.readline(), 30)

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


async def line_to(port: int, pair: Pair, name: str | None = None) -> Line:
    opened = await asyncio.open_connection("127.0.0.1", port, ssl=pair.trusting(), server_hostname=name)
    return Line(*opened)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
async def test_a_renewed_certificate_is_shown_to_newcomers_and_nobody_is_dropped(tmp_path: Path, name: str) -> None:
    old = make(tmp_path)
    shown = Certificate(old.cert, old.key)
    async with echoing(shown) as port:
        first = await line_to(port, old, name)
        before = old.serial
        new = make(tmp_path)
        assert new.serial != before
        shown.reload()
        second = await line_to(port, new, name)
        assert (first.serial, second.serial) == (before, new.serial)
        assert await first.echo() == await second.echo() == b"x\n"
        await first.close()
        await second.close()


async def test_a_bad_renewal_leaves_the_old_certificate(tmp_path: Path) -> None:
    good = make(tmp_path)
    kept = make(_folder(tmp_path, "kept"))
    shown = Certificate(kept.cert, kept.key)
    kept_serial, trusting = kept.serial, kept.trusting()
    kept.cert.write_bytes(good.cert.read_bytes())
    with pytest.raises(TlsError, match=str(kept.cert)):
        shown.reload()
    async with echoing(shown) as port:
        line = Line(*await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="localhost"))
        assert line.serial == kept_serial
        await line.close()


def _spoken(port: int, context: ssl.SSLContext) -> str | None:
    """The version of TLS that client and server agree on."""
    with (
        socket.create_connection(("127.0.0.1", port), 5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        return secure.version()


async def test_nothing_older_than_1_2_is_spoken(tmp_path: Path) -> None:
    pair = make(tmp_path)
    client = pair.trusting()
    client.set_ciphers("DEFAULT@SECLEVEL=0")
    shown = Certificate(pair.cert, pair.key)
    async with echoing(shown) as port:
        client.maximum_version = ssl.TLSVersion.TLSv1_2
        assert await asyncio.to_thread(_spoken, port, client) == "TLSv1.2"
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            client.minimum_version = client.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(OSError, match=r"(?i)alert protocol version|reset|eof"):
            await asyncio.to_thread(_spoken, port, client)
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            shown.context.minimum_version = ssl.TLSVersion.TLSv1_1
        shown.context.set_ciphers("DEFAULT@SECLEVEL=0")
        assert await asyncio.to_thread(_spoken, port, client) == "TLSv1.1", "the client above could have"


def test_files_that_are_no_pair(tmp_path: Path) -> None:
    one, other = make(_folder(tmp_path, "one")), make(_folder(tmp_path, "other"))
    with pytest.raises(TlsError, match="cannot use the certificate"):
        Certificate(one.cert, other.key)
    with pytest.raises(TlsError):
        Certificate(tmp_path / "missing.pem", one.key)
    key = serialization.load_pem_private_key(one.key.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"secret")
    one.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    with pytest.raises(TlsError, match="protected by a password"):
        Certificate(one.cert, one.key)
    assert certificate(None, None) is None


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder
