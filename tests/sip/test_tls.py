"""SIP over TLS on real sockets: calls both ways, a phone reached through its own connection, and who is refused."""

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sip.digest import Proof, authorization, ha1
from sip.events import CallAnswered, CallConfirmed, CallEnded, CallFailed, CallReceived, OfferReceived, PhoneRegistered
from sip.framing import Framer
from sip.headers import parse_auth
from sip.message import Message, Request, Response, parse
from sip.transport import Tls
from sip.ua import Ua
from tests.certificates import Pair, make
from tests.sip.conftest import Desk, answer_all, opened
from tests.sip.rig import ANSWER, SDP, local_settings, reply
from tests.waiting import until


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return make(tmp_path)


@pytest.fixture
def tls(pair: Pair) -> Tls:
    return Tls(pair.server(), pair.trusting())


@pytest.fixture
async def secure(tls: Tls) -> AsyncIterator[Desk]:
    async with opened(tls=tls, tls_port=0) as made:
        yield made


@pytest.fixture
async def peer(tls: Tls) -> AsyncIterator[Desk]:
    async with opened(tls=tls, tls_port=0) as made:
        yield made


@pytest.mark.parametrize("target", ["sip:400@127.0.0.1:{port};transport=tls", "sips:400@localhost:{port}"])
async def test_a_call_between_two(secure: Desk, peer: Desk, target: str) -> None:
    """Dial, answer, hold, hang up from either side; every message on one connection."""
    secure.script = answer_all(secure)
    peer.ua.dial("out", target.format(port=secure.ua.tls_port), SDP, from_user="bob", from_display="Bob")
    assert (await peer.wait(CallAnswered)).sdp == ANSWER
    call = (await secure.wait(CallConfirmed)).call
    assert secure.seen(CallReceived)[0].transport == "TLS"
    peer.ua.reoffer("out", SDP + b"a=sendonly\r\n")
    await secure.wait(OfferReceived)
    secure.ua.accept_offer(call, ANSWER)
    await peer.wait(CallAnswered, 2)
    assert secure.ua.open_connections == peer.ua.open_connections == 1
    secure.ua.hangup(call, "done")
    assert (await peer.wait(CallEnded)).by == "remote"
    await until(lambda: secure.ua.open_calls == peer.ua.open_calls == 0)


class Phone:
    """A phone of its own making over TLS: text in, text out, and no certificate."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer, self._framer = reader, writer, Framer()
        self._messages: list[bytes] = []
        self._cseq = 0

    async def hear(self) -> Message:
        while not self._messages:
            data = await asyncio.wait_for(self._reader.read(65536), 30)
            assert data, "the connection was closed"
            self._messages += self._framer.feed(data)
        return parse(self._messages.pop(0))

    def say(self, data: bytes) -> None:
        self._writer.write(data)

    async def register(self, scheme: str, port: int, credentials: str = "") -> Response:
        self._cseq += 1
        extra = f"Authorization: {credentials}\r\n" if credentials else ""
        self.say(
            (
                f"REGISTER {scheme}:127.0.0.1:{port} SIP/2.0\r\n"
                f"Via: SIP/2.0/TLS phone.invalid;branch=z9hG4bK-{self._cseq};rport\r\nMax-Forwards: 70\r\n"
                f"From: <{scheme}:1001@127.0.0.1>;tag=a\r\nTo: <{scheme}:1001@127.0.0.1>\r\nCall-ID: reg\r\n"
                f"CSeq: {self._cseq} REGISTER\r\nContact: <{scheme}:1001@phone.invalid;transport=tls>\r\n"
                f"Expires: 300\r\n{extra}Content-Length: 0\r\n\r\n"
            ).encode()
        )
        answer = await self.hear()
        assert isinstance(answer, Response)
        return answer


@pytest.mark.parametrize("scheme", ["sip", "sips"])
async def test_a_registered_phone_is_rung_on_its_own_connection(secure: Desk, pair: Pair, scheme: str) -> None:
    port = secure.ua.tls_port
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=pair.trusting())
    phone = Phone(reader, writer)
    refused = await phone.register(scheme, port)
    nonce = parse_auth(refused.headers.rows("WWW-Authenticate")[0]).params["nonce"]
    secret = ha1("1001", "jackfield", "pw-1001")
    proof = Proof(secret, nonce, "REGISTER", f"{scheme}:127.0.0.1:{port}", "MD5", "00000001", "c")
    accepted = await phone.register(scheme, port, authorization("1001", "jackfield", proof))
    assert accepted.status == 200
    await secure.wait(PhoneRegistered)
    secure.ua.dial("c1", "1001", SDP, from_user="400", from_display="Jackfield")
    invite = await phone.hear()
    assert isinstance(invite, Request)
    assert (invite.method, invite.via.transport) == ("INVITE", "TLS")
    own = f"sips:127.0.0.1:{port}" if scheme == "sips" else f"sip:127.0.0.1:{port};transport=tls"
    assert invite.headers.get("Contact") == f"<{own}>"
    assert f"127.0.0.1:{port};branch" in str(invite.via)
    phone.say(reply(invite, 200, body=ANSWER))
    await secure.wait(CallAnswered)
    ack = await phone.hear()
    assert isinstance(ack, Request)
    assert ack.method == "ACK"
    secure.ua.hangup("c1")
    bye = await phone.hear()
    assert isinstance(bye, Request)
    assert (bye.method, bye.via.transport) == ("BYE", "TLS")
    phone.say(reply(bye, 200))
    await until(lambda: secure.ua.open_calls == 0)
    writer.close()
    await until(lambda: secure.ua.open_connections == 0)


BARESIP = """poll_method epoll
sip_listen 127.0.0.1:0
sip_cafile {cert}
audio_player aubridge,nowhere
audio_source aubridge,nowhere
net_interface 127.0.0.1
module_path /usr/lib/baresip/modules
module aubridge.so
module g711.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
"""


@pytest.mark.baresip
async def test_baresip_registers_and_is_called_over_tls(secure: Desk, pair: Pair, tmp_path: Path) -> None:
    """TLS and SIP of others; it has the certificate as the only authority that it trusts."""
    if shutil.which("baresip") is None:
        pytest.skip("baresip is not installed")
    home = tmp_path / "baresip"
    home.mkdir()
    (home / "config").write_text(BARESIP.format(cert=pair.cert))
    login = "auth_user=1001;auth_pass=pw-1001;regint=600;answermode=auto;audio_codecs=pcmu"
    (home / "accounts").write_text(f"<sip:1001@127.0.0.1:{secure.ua.tls_port};transport=tls>;{login}\n")
    (home / "contacts").touch()
    with (home / "log").open("wb") as output:
        phone = await asyncio.create_subprocess_exec("baresip", "-f", str(home), stdout=output, stderr=output)
    try:
        await secure.wait(PhoneRegistered)
        secure.ua.dial("c1", "1001", SDP, from_user="400", from_display="Jackfield")
        assert b"m=audio" in (await secure.wait(CallAnswered)).sdp
        secure.ua.hangup("c1")
        await until(lambda: secure.ua.open_calls == 0)
        assert secure.ua.open_connections == 1, "the phone's own"
        assert not secure.seen(CallFailed)
    finally:
        phone.terminate()
        await phone.wait()


async def test_a_peer_with_a_certificate_that_nobody_vouches_for_is_not_called(secure: Desk, tls: Tls) -> None:
    async with opened(tls=Tls(tls.server), tls_port=0) as strict:
        strict.ua.dial("a", f"sips:400@127.0.0.1:{secure.ua.tls_port}", SDP, from_user="bob", from_display="")
        assert (await strict.wait(CallFailed)).code == 503
        assert strict.ua.counters["unreachable"] == 1
    assert not secure.seen(CallReceived)


async def test_without_tls_nobody_can_be_called_by_it(desk: Desk) -> None:
    desk.ua.dial("a", "sips:400@127.0.0.1:5061", SDP, from_user="bob", from_display="")
    assert (await desk.wait(CallFailed)).code == 416
    assert desk.ua.tls_port == 0
    with pytest.raises(ValueError, match="certificate"):
        Ua(local_settings(tls_port=0), lambda _event: None)


async def test_plain_text_on_the_tls_port_is_cut_off(secure: Desk) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", secure.ua.tls_port)
    writer.write(b"OPTIONS sip:127.0.0.1 SIP/2.0\r\n\r\n")
    received = await asyncio.wait_for(reader.read(), 30)
    assert not received.startswith(b"SIP")
    writer.close()
    assert secure.ua.open_connections == 0


async def test_a_peer_that_never_says_goodbye_does_not_hold_up_the_end(tls: Tls, pair: Pair) -> None:
    async with opened(tls=tls, tls_port=0) as made:
        _, writer = await asyncio.open_connection("127.0.0.1", made.ua.tls_port, ssl=pair.trusting())
        await until(lambda: made.ua.open_connections == 1)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        async with asyncio.timeout(30):
            await made.ua.aclose()
        assert made.ua.open_connections == 0
        writer.transport.abort()


def test_the_default_client_checks_names() -> None:
    context = Tls(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)).client
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
