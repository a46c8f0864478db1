"""The user agent over real sockets: two of ours against each other, and SIPp."""

import asyncio
from collections.abc import Sequence

import pytest

from sip.bindings import Binding
from sip.digest import Proof, authorization, ha1
from sip.events import (
    CallAnswered,
    CallCancelled,
    CallConfirmed,
    CallEnded,
    CallFailed,
    CallReceived,
    CallRinging,
    DigitPressed,
    OfferReceived,
    PhoneRegistered,
    PhoneUnregistered,
    SipEvent,
)
from sip.headers import parse_auth
from sip.message import Request, Response, parse
from sip.ua import Ua
from tests.sip.conftest import Accounts, Desk, Sipp, answer_all, opened
from tests.sip.rig import ANSWER, SDP, Peer, local_settings, reply
from tests.waiting import until

HOLD = SDP + b"a=sendonly\r\n"


@pytest.mark.parametrize("kind", ["udp", "tcp"])
async def test_a_call_between_two(desk: Desk, other: Desk, kind: str) -> None:
    """Dial, ring, answer, digit, hold, hang up; on both transports."""
    desk.script = answer_all(desk)
    other.ua.dial("out", f"sip:400@{desk.uri};transport={kind}", SDP, from_user="bob", from_display="Bob")
    assert (await other.wait(CallAnswered)).sdp == ANSWER
    assert [e.code for e in other.seen(CallRinging)] == [180]
    call = (await desk.wait(CallConfirmed)).call
    received = desk.seen(CallReceived)[0]
    assert (received.from_user, received.from_display, received.transport) == ("bob", "Bob", kind.upper())
    other.ua.send_digit_info("out", "7", 100)
    assert (await desk.wait(DigitPressed)).digit == "7"
    other.ua.reoffer("out", HOLD)
    assert (await desk.wait(OfferReceived)).offer == HOLD
    desk.ua.accept_offer(call, ANSWER)
    await other.wait(CallAnswered, 2)
    desk.ua.hangup(call, "done")
    assert (await other.wait(CallEnded)).by == "remote"
    assert (await desk.wait(CallEnded)).by == "local"
    await until(lambda: desk.ua.open_calls == other.ua.open_calls == 0)


async def test_cancel_and_reject_between_two(desk: Desk, other: Desk) -> None:
    desk.script = lambda event: desk.ua.ring(event.call) if isinstance(event, CallReceived) else None
    other.ua.dial("a", f"sip:400@{desk.uri}", SDP, from_user="bob", from_display="")
    await other.wait(CallRinging)
    other.ua.hangup("a")
    await desk.wait(CallCancelled)
    desk.script = lambda event: desk.ua.reject(event.call, 404) if isinstance(event, CallReceived) else None
    other.ua.dial("b", f"sip:401@{desk.uri}", SDP, from_user="bob", from_display="")
    assert (await other.wait(CallFailed)).code == 404
    await until(lambda: desk.ua.open_calls == other.ua.open_calls == 0)


async def test_closing_ends_calls() -> None:
    async with opened() as one:
        one.script = answer_all(one)
        async with opened() as two:
            two.ua.dial("a", f"sip:1@{one.uri}", SDP, from_user="bob", from_display="")
            two.ua.dial("b", f"sip:2@{one.uri};transport=tcp", SDP, from_user="bob", from_display="")
            await one.wait(CallConfirmed, 2)
        await one.wait(CallEnded, 2)
        assert [e.by for e in two.seen(CallEnded)] == ["local", "local"]
        assert two.ua.open_calls == 0


async def test_nobody_listens_on_tcp(desk: Desk) -> None:
    desk.ua.dial("a", "sip:x@127.0.0.1:1;transport=tcp", SDP, from_user="bob", from_display="")
    assert (await desk.wait(CallFailed)).code == 503


async def test_a_consumer_that_fails_does_not_stop_the_agent(desk: Desk, other: Desk) -> None:
    def script(event: SipEvent) -> None:
        if isinstance(event, CallReceived) and event.to_user == "bad":
            raise RuntimeError("consumer")
        answer_all(desk)(event)

    desk.script = script
    other.ua.dial("a", f"sip:bad@{desk.uri}", SDP, from_user="bob", from_display="")
    other.ua.dial("b", f"sip:good@{desk.uri}", SDP, from_user="bob", from_display="")
    assert (await other.wait(CallAnswered)).call == "b"
    assert desk.ua.counters["consumer_errors"] == 1


async def test_events_never_come_from_inside_a_command(desk: Desk) -> None:
    desk.ua.dial("a", "nobody", SDP, from_user="bob", from_display="")
    assert desk.events == []
    assert (await desk.wait(CallFailed)).code == 480


class WirePhone(asyncio.DatagramProtocol):
    """A phone of raw datagrams."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()
        self.transport: asyncio.DatagramTransport | None = None

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.heard.put_nowait(data)

    async def ask(self, desk: Desk, data: bytes) -> Response:
        assert self.transport is not None
        self.transport.sendto(data.replace(b";branch", b";rport;branch"), ("127.0.0.1", desk.ua.port))
        message = parse(await asyncio.wait_for(self.heard.get(), 30))
        assert isinstance(message, Response)
        return message


async def test_registration_survives_a_restart_and_is_dialled() -> None:
    loop = asyncio.get_running_loop()
    transport, phone = await loop.create_datagram_endpoint(WirePhone, local_addr=("127.0.0.1", 0))
    phone.transport = transport
    uri = "sip:127.0.0.1"
    peer = Peer("reg")

    def register(extra: str = "", expires: int = 600) -> bytes:
        data = peer.next("REGISTER", extra=f"Expires: {expires}\r\n{extra}", uri=uri)
        return data.replace(b"<sip:400@198.51.100.1>", b"<sip:1001@127.0.0.1>")

    def credentials(challenge: Response, count: int) -> str:
        nonce = parse_auth(challenge.headers.rows("WWW-Authenticate")[0]).params["nonce"]
        secret = ha1("1001", "jackfield", "pw-1001")
        proof = Proof(secret, nonce, "REGISTER", uri, "MD5", f"{count:08x}", "c")
        return f"Authorization: {authorization('1001', 'jackfield', proof)}\r\n"

    async with opened() as first:
        challenge = await phone.ask(first, register())
        assert challenge.status == 401
        assert (await phone.ask(first, register(credentials(challenge, 1)))).status == 200
        assert (await first.wait(PhoneRegistered)).user == "1001"
        assert first.ua.registered("1001")
        await until(lambda: "1001" in first.store.kept)
    events: list[SipEvent] = []
    again = Ua(local_settings(), events.append, credentials=Accounts(), bindings=first.store)
    await again.start()
    assert again.registered("1001")
    again.dial("c", "1001", SDP, from_user="400", from_display="")
    assert (await asyncio.wait_for(phone.heard.get(), 30)).startswith(b"INVITE sip:alice@192.0.2.7:5070 ")
    assert isinstance(events[0], PhoneRegistered)
    await again.aclose()
    transport.close()


async def test_packets_that_come_twice(desk: Desk) -> None:
    """An INVITE three times is one call; a 200 twice is acknowledged twice. By raw datagrams: SIPp repeats nothing."""
    loop = asyncio.get_running_loop()
    transport, phone = await loop.create_datagram_endpoint(WirePhone, local_addr=("127.0.0.1", 0))
    here = transport.get_extra_info("sockname")[1]
    invite = Peer().request("INVITE", SDP).replace(b";branch", b";rport;branch")
    for _ in range(3):
        transport.sendto(invite, ("127.0.0.1", desk.ua.port))
    await until(lambda: desk.ua.counters.get("absorbed", 0) == 2)
    assert len(desk.seen(CallReceived)) == 1
    for _ in range(3):
        assert (await asyncio.wait_for(phone.heard.get(), 30)).startswith(b"SIP/2.0 100 ")
    desk.ua.reject(desk.seen(CallReceived)[0].call, 486)
    assert (await asyncio.wait_for(phone.heard.get(), 30)).startswith(b"SIP/2.0 486 ")
    desk.ua.dial("out", f"sip:bob@127.0.0.1:{here}", SDP, from_user="400", from_display="")
    ours = parse(await asyncio.wait_for(phone.heard.get(), 30))
    assert isinstance(ours, Request)
    ok = reply(ours, 200, body=ANSWER).replace(b"192.0.2.7:5070", f"127.0.0.1:{here}".encode())
    for _ in range(2):
        transport.sendto(ok, ("127.0.0.1", desk.ua.port))
        assert (await asyncio.wait_for(phone.heard.get(), 30)).startswith(b"ACK ")
    assert desk.ua.counters["ok_seen_again"] == 1
    assert len(desk.seen(CallAnswered)) == 1
    transport.close()


class BrokenStore:
    """A binding store that fails once."""

    def __init__(self) -> None:
        self.saved: list[str] = []
        self.failures = 1

    async def load(self) -> list[Binding]:
        return []

    async def save(self, user: str, bindings: Sequence[Binding]) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("disk")
        self.saved.append(user)


async def test_bindings_that_could_not_be_saved_are_saved_later() -> None:
    store = BrokenStore()
    ua = Ua(local_settings(), lambda _event: None, credentials=Accounts(), bindings=store)
    await ua.start()
    registrar = ua._registrar
    assert registrar is not None
    for _ in range(2):
        registrar.changed.add("1001")
        registrar.on_changed()
        assert ua._saver is not None
        await ua._saver
    assert store.saved == ["1001"]
    assert ua.counters["bindings_unsaved"] == 1
    await ua.aclose()


@pytest.mark.sipp
@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_sipps_own_caller(desk: Desk, sipp: Sipp, transport: str) -> None:
    desk.script = answer_all(desk)
    await sipp.run("uac", desk, "-t", transport, "-r", "100", "-d", "50", calls=20)
    await until(lambda: desk.ua.open_calls == 0)
    assert len(desk.seen(CallConfirmed)) == len(desk.seen(CallEnded)) == 20
    assert "malformed" not in desk.ua.counters


@pytest.mark.sipp
async def test_sipp_cancels(desk: Desk, sipp: Sipp) -> None:
    desk.script = lambda e: desk.ua.ring(e.call) if isinstance(e, CallReceived) else None
    await sipp.run("uac_cancel", desk, calls=5)
    assert len(desk.seen(CallCancelled)) == 5
    assert desk.ua.open_calls == 0


@pytest.mark.sipp
async def test_sipp_is_hung_up(desk: Desk, sipp: Sipp) -> None:
    def script(event: SipEvent) -> None:
        answer_all(desk)(event)
        if isinstance(event, CallConfirmed):
            desk.ua.hangup(event.call)

    desk.script = script
    await sipp.run("uac_hung_up", desk, calls=5)
    await until(lambda: desk.ua.open_calls == 0)


@pytest.mark.sipp
async def test_sipp_holds_and_resumes(desk: Desk, sipp: Sipp) -> None:
    def script(event: SipEvent) -> None:
        answer_all(desk)(event)
        if isinstance(event, OfferReceived):
            desk.ua.accept_offer(event.call, ANSWER)

    desk.script = script
    await sipp.run("uac_hold", desk, calls=3)
    offers = [e.offer or b"" for e in desk.seen(OfferReceived)]
    assert sorted(b"sendonly" in offer for offer in offers) == [False] * 3 + [True] * 3


@pytest.mark.sipp
async def test_sipp_sends_digits(desk: Desk, sipp: Sipp) -> None:
    desk.script = answer_all(desk)
    await sipp.run("uac_info", desk)
    assert [(e.digit, e.duration_ms) for e in desk.seen(DigitPressed)] == [("5", 160), ("#", 0)]


@pytest.mark.sipp
async def test_sipp_loses_its_ack(desk: Desk, sipp: Sipp) -> None:
    """It acknowledges only the second 200; the call is one."""
    desk.script = answer_all(desk)
    await sipp.run("uac_lost_ack", desk)
    assert len(desk.seen(CallConfirmed)) == 1
    assert desk.ua.counters["ok_repeated"] == 1


@pytest.mark.sipp
async def test_sipp_registers(desk: Desk, sipp: Sipp) -> None:
    await sipp.run("register", desk)
    assert desk.seen(PhoneRegistered)[0].user == "1001"
    assert isinstance(desk.events[-1], PhoneUnregistered)
    assert desk.store.kept == {}


@pytest.mark.sipp
@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_sipp_answers_us(desk: Desk, sipp: Sipp, transport: str, unused_port: int) -> None:
    process = await sipp.start("uas_answer", "-p", str(unused_port), "-t", transport)
    suffix = ";transport=tcp" if transport == "t1" else ""
    await dial_until_up(desk, f"sip:phone@127.0.0.1:{unused_port}{suffix}")
    call = desk.seen(CallAnswered)[0].call
    desk.ua.hangup(call)
    await sipp.finish(process)
    await until(lambda: desk.ua.open_calls == 0)


async def dial_until_up(desk: Desk, target: str) -> None:
    """SIPp takes a moment to bind: over TCP a refused connection is tried again."""
    dialled: list[int] = []
    for attempt in range(200):
        dialled.append(attempt)
        desk.ua.dial(f"out-{attempt}", target, SDP, from_user="400", from_display="Jackfield")
        await until(lambda: len(desk.seen(CallFailed)) + len(desk.seen(CallAnswered)) == len(dialled), "outcome")
        if desk.seen(CallAnswered):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("never answered")


@pytest.mark.sipp
async def test_sipp_refuses_us(desk: Desk, sipp: Sipp, unused_port: int) -> None:
    process = await sipp.start("uas_busy", "-p", str(unused_port))
    desk.ua.dial("a", f"sip:phone@127.0.0.1:{unused_port}", SDP, from_user="400", from_display="")
    assert (await desk.wait(CallFailed)).code == 486
    await sipp.finish(process)


@pytest.mark.sipp
async def test_sipp_is_cancelled_by_us(desk: Desk, sipp: Sipp, unused_port: int) -> None:
    process = await sipp.start("uas_cancelled", "-p", str(unused_port))
    desk.ua.dial("a", f"sip:phone@127.0.0.1:{unused_port}", SDP, from_user="400", from_display="")
    await desk.wait(CallRinging)
    desk.ua.hangup("a", "caller left")
    await sipp.finish(process)
    await until(lambda: desk.ua.open_calls == 0)
