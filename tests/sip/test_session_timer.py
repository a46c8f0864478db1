"""Session timers: what is agreed, who refreshes, and what happens to a peer that has gone silent."""

import pytest

from sip.core import outgoing
from sip.events import CallAnswered, CallEnded, CallFailed, OfferReceived
from sip.login import Login
from sip.message import Headers
from sip.session_timer import Session, agreed, demanded, minimum, too_small
from tests.sip.conftest import Desk, Sipp
from tests.sip.rig import ANSWER, SDP, SECOND, Peer, Rig, reply
from tests.waiting import until


def rows(**values: str) -> Headers:
    return Headers([(name.replace("_", "-"), value) for name, value in values.items()])


@pytest.mark.parametrize(
    ("headers", "session"),
    [
        (rows(), None),
        (rows(Session_Expires="1800"), Session(1800, ours=True)),
        (rows(Session_Expires="1800;refresher=uac"), Session(1800, ours=True)),
        (rows(Session_Expires="90 ; refresher=UAS"), Session(90, ours=False)),
        (rows(Session_Expires="soon"), None),
        (rows(Session_Expires="0"), None),
    ],
)
def test_what_a_2xx_settles(headers: Headers, session: Session | None) -> None:
    assert agreed(headers) == session


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        (rows(Supported="timer"), None),
        (rows(Session_Expires="1800", Supported="timer"), (Session(1800, ours=False), True)),
        (rows(Session_Expires="1800;refresher=uas", Supported="100rel, timer"), (Session(1800, ours=True), True)),
        (rows(Session_Expires="1800", Require="timer"), (Session(1800, ours=False), True)),
        (rows(Session_Expires="1800"), (Session(1800, ours=True), False)),
    ],
)
def test_what_an_invite_demands(headers: Headers, found: tuple[Session, bool] | None) -> None:
    assert demanded(headers) == found


def test_when_it_is_due_and_how_it_is_said() -> None:
    assert Session(1800, ours=True).due_us == 900 * SECOND
    assert Session(90, ours=False).due_us == 60 * SECOND
    assert Session(1800, ours=False).due_us == 1768 * SECOND
    assert Session(1800, ours=True).row("uas") == ("Session-Expires", "1800;refresher=uas")
    assert Session(1800, ours=False).row("uas") == ("Session-Expires", "1800;refresher=uac")
    assert too_small(rows(Session_Expires="60"))
    assert not too_small(rows(Session_Expires="90"))
    assert minimum(Headers([("Min-Se", "240")])) == 240


# --- calls that come in -----------------------------------------------------------------------------------------


def up(rig: Rig, extra: str) -> Peer:
    peer = Peer()
    rig.feed(peer.request("INVITE", SDP, extra=extra))
    call = rig.events()[-1].call  # type: ignore[union-attr]
    rig.taken()
    rig.core.answer(call, ANSWER, rig.now)
    ok = rig.responses()[-1]
    peer.to_tag = ok.to.tag or ""
    assert ok.headers.get("Session-Expires") == "300;refresher=uac"
    assert ok.headers.get("Require") == "timer"
    rig.feed(peer.request("ACK"))
    rig.events()
    return peer


def test_a_peer_that_refreshes_keeps_its_call_and_one_that_does_not_loses_it() -> None:
    rig = Rig()
    peer = up(rig, "Supported: timer\r\nSession-Expires: 300\r\n")
    rig.advance(200 * SECOND)
    rig.feed(peer.next("INVITE", SDP, extra="Supported: timer\r\nSession-Expires: 300;refresher=uac\r\n"))
    call = rig.one(OfferReceived).call
    rig.taken()
    rig.core.accept_offer(call, ANSWER, rig.now)
    assert rig.responses()[-1].headers.get("Session-Expires") == "300;refresher=uac"
    rig.feed(peer.request("ACK"))
    rig.advance(200 * SECOND)
    assert rig.events() == []
    rig.advance(100 * SECOND)
    assert rig.one(CallEnded).reason == "the session was not refreshed"
    assert rig.requests()[-1].method == "BYE"


def test_too_short_an_interval_is_refused_with_ours() -> None:
    rig = Rig()
    rig.feed(Peer().request("INVITE", SDP, extra="Supported: timer\r\nSession-Expires: 60\r\n"))
    [refused] = rig.responses()
    assert (refused.status, refused.headers.get("Min-Se")) == (422, "90")


def test_required_timers_are_no_unknown_extension() -> None:
    rig = Rig()
    up(rig, "Require: timer\r\nSession-Expires: 300;refresher=uac\r\n")
    rig.feed(Peer(call_id="c2").request("INVITE", SDP, extra="Require: timer, gin\r\n"))
    [refused] = rig.responses()
    assert (refused.status, refused.headers.get("Unsupported")) == (420, "gin")


# --- calls that we make -----------------------------------------------------------------------------------------


def dialled(rig: Rig, answer: str) -> None:
    what = outgoing("400", "", SDP, {}, session_s=1800, from_host="carrier.example")
    rig.core.dial("c1", "sip:bob@192.0.2.7:5070", what, rig.now)
    [invite] = rig.requests()
    assert invite.headers.get("Session-Expires") == "1800"
    assert "400@carrier.example" in str(invite.from_)
    rig.feed(reply(invite, 200, body=ANSWER, extra=answer))
    assert isinstance(rig.events()[-1], CallAnswered)
    rig.taken()


def test_we_refresh_and_nobody_is_told() -> None:
    rig = Rig()
    dialled(rig, "Require: timer\r\nSession-Expires: 200;refresher=uac\r\n")
    rig.advance(100 * SECOND)
    [refresh] = rig.requests()
    assert (refresh.method, refresh.body) == ("INVITE", SDP)
    assert refresh.headers.get("Session-Expires") == "200;refresher=uac"
    rig.feed(reply(refresh, 200, body=ANSWER, extra="Session-Expires: 200;refresher=uac\r\n"))
    assert [request.method for request in rig.requests()] == ["ACK"]
    assert rig.events() == []
    rig.advance(100 * SECOND)
    assert [request.method for request in rig.requests()] == ["INVITE"]


def test_a_peer_that_refreshes_while_ours_waits_makes_it_needless() -> None:
    rig = Rig()
    timer = "Session-Expires: 200;refresher=uac\r\n"
    dialled(rig, timer)
    rig.advance(100 * SECOND)
    [refresh] = rig.requests()
    rig.feed(reply(refresh, 491))
    peer = Peer(refresh.call_id, tag="bob", to_tag=refresh.from_.tag or "")
    rig.feed(peer.next("INVITE", SDP, extra="Supported: timer\r\n" + timer))
    rig.core.accept_offer("c1", ANSWER, rig.now)
    rig.feed(peer.request("ACK"))
    rig.taken()
    rig.advance(50 * SECOND)
    assert rig.taken() == []


def test_a_peer_that_has_lost_the_call_ends_it_at_the_refresh() -> None:
    rig = Rig()
    dialled(rig, "Session-Expires: 200;refresher=uac\r\n")
    rig.advance(100 * SECOND)
    rig.feed(reply(rig.requests()[-1], 481))
    assert rig.one(CallEnded).by == "timeout"


def test_a_peer_without_timers_is_left_alone() -> None:
    rig = Rig()
    dialled(rig, "")
    rig.advance(7200 * SECOND)
    assert rig.requests() == []


def test_a_422_without_a_minimum_is_a_refusal() -> None:
    rig = Rig()
    what = outgoing("400", "", SDP, {}, session_s=1800)
    rig.core.dial("c1", "sip:bob@192.0.2.7:5070", what, rig.now)
    rig.feed(reply(rig.requests()[-1], 422))
    assert rig.one(CallFailed).code == 422


@pytest.mark.sipp
async def test_a_trunk_of_sipps(desk: Desk, sipp: Sipp, unused_port: int) -> None:
    """Challenged outside and inside the dialog, sent back with 422, refreshed in time."""
    process = await sipp.start("trunk_call", "-p", str(unused_port))
    desk.ua.dial(
        "c1",
        f"sip:07551234@127.0.0.1:{unused_port}",
        SDP,
        from_user="4711",
        from_display="",
        login=Login("4711", "sesame"),
        session_s=1800,
    )
    assert b"PCMA" in (await desk.wait(CallAnswered)).sdp
    await until(lambda: desk.ua.counters.get("session_refreshed") == 1, "the refresh")
    call = desk.ua._core.context.calls["c1"]
    await until(lambda: call.session == Session(1800, ours=True), "the answer to it")
    desk.ua.hangup("c1")
    await sipp.finish(process)
    assert len(desk.seen(CallAnswered)) == 1
