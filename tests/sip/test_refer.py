"""REFER and Replaces: who may refer to whom, what the peer is told of it, and when the call may end."""

import pytest

from sip.context import MAX_ANSWERS
from sip.events import CallEnded, CallReceived, ReferReceived
from sip.flow import Flow
from sip.headers import Malformed
from sip.message import Request, Response
from sip.refer import LIMIT, Replaces, parse_replaces
from tests.sip.rig import ANSWER, SDP, Peer, Rig, answered, established, incoming, reply

TO_CAI = "Refer-To: <sip:cai@198.51.100.1>\r\n"
QUIETLY = "Refer-Sub: false\r\nSupported: norefersub\r\n"


def told(rig: Rig) -> list[tuple[str, str, bytes]]:
    """Each NOTIFY that was sent: its event, its state, its words. They are answered."""
    sent = [each for each in rig.requests() if each.method == "NOTIFY"]
    for each in sent:
        assert each.headers.get("Content-Type") == "message/sipfrag;version=2.0"
        rig.feed(reply(each, 200))
    return [(each.headers.get("Event") or "", each.headers.get("Subscription-State") or "", each.body) for each in sent]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a@b;to-tag=o;from-tag=t", Replaces(("a@b", "o", "t"))),
        (" a@b ;from-tag=t;early-only;to-tag=o", Replaces(("a@b", "o", "t"), early=True)),
        ("a@b;to-tag=o", None),
        (";to-tag=o;from-tag=t", None),
        ("", None),
    ],
)
def test_replaces_names_a_dialog(text: str, wanted: Replaces | None) -> None:
    if wanted is not None:
        assert parse_replaces(text) == wanted
    else:
        with pytest.raises(Malformed):
            parse_replaces(text)


def test_a_refer_is_accepted_and_its_end_is_notified() -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.feed(peer.next("REFER", extra=TO_CAI))
    assert rig.taken() == []
    assert rig.events() == [ReferReceived(call, "cai", "", attended=False)]
    rig.core.accept_refer(call, rig.now)
    assert [each.message.status for each in rig.packets if not isinstance(each.message, Request)] == [202]
    assert told(rig) == [("refer", "active;expires=60", b"SIP/2.0 100 Trying\r\n")]
    rig.core.finish_refer(call, 200, rig.now)
    assert told(rig) == [("refer", "terminated;reason=noresource", b"SIP/2.0 200 OK\r\n")]
    rig.core.finish_refer(call, 200, rig.now)
    assert rig.taken() == []
    rig.feed(peer.next("REFER", extra=TO_CAI))
    rig.core.accept_refer(call, rig.now)
    rig.core.finish_refer(call, 486, rig.now)
    name = f"refer;id={peer.cseq}"
    assert [each[::2] for each in told(rig)] == [
        (name, b"SIP/2.0 100 Trying\r\n"),
        (name, b"SIP/2.0 486 Busy Here\r\n"),
    ]
    rig.feed(peer.next("BYE"))
    rig.settle()


@pytest.mark.parametrize(("code", "status"), [(200, 200), (403, 403)])
def test_without_a_subscription_the_answer_says_what_came_of_it(code: int, status: int) -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.feed(peer.next("REFER", extra=TO_CAI + QUIETLY))
    rig.core.accept_refer(call, rig.now)
    assert rig.taken() == []
    rig.core.finish_refer(call, code, rig.now)
    [answer] = rig.responses()
    assert answer.status == status
    assert answer.headers.get("Refer-Sub") == ("false" if code == 200 else None)


def test_a_call_that_is_hung_up_ends_after_its_peer_knows_what_came_of_the_refer() -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.feed(peer.next("REFER", extra=TO_CAI))
    rig.core.accept_refer(call, rig.now)
    told(rig)
    rig.core.hangup(call, "handed on", rig.now)
    assert rig.taken() == []
    assert isinstance(rig.events()[-1], CallEnded)
    rig.core.finish_refer(call, 200, rig.now)
    notify, bye = rig.requests()
    assert (notify.method, bye.method) == ("NOTIFY", "BYE")
    rig.feed(reply(bye, 200))
    rig.settle()


def test_a_refer_of_which_nothing_is_heard_is_given_up() -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.feed(peer.next("REFER", extra=TO_CAI))
    rig.core.accept_refer(call, rig.now)
    told(rig)
    rig.core.hangup(call, "over", rig.now)
    rig.advance(LIMIT)
    assert [each.method for each in rig.requests()] == ["NOTIFY", "BYE"]
    rig.settle()


@pytest.mark.parametrize("quietly", ["", QUIETLY], ids=["subscribed", "quietly"])
def test_a_refer_that_is_not_answered_when_its_peer_hangs_up_is_answered_then(quietly: str) -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.feed(peer.next("REFER", extra=TO_CAI + quietly))
    rig.feed(peer.next("BYE"))
    assert sorted((r.cseq.method, r.status) for r in rig.responses()) == [("BYE", 200), ("REFER", 487)]
    rig.core.finish_refer(call, 200, rig.now)
    assert rig.taken() == []
    rig.settle()


def test_a_refer_is_answered_when_we_find_that_the_peer_has_lost_the_call() -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.feed(peer.next("REFER", extra=TO_CAI + QUIETLY))
    rig.core.send_digit_info(call, "9", 120, rig.now)
    [info] = rig.requests()
    rig.feed(reply(info, 481))
    packets = [each.message for each in rig.taken()]
    [bye] = [each for each in packets if isinstance(each, Request)]
    assert [each.status for each in packets if not isinstance(each, Request)] == [487]
    rig.feed(reply(bye, 200))
    rig.settle()


def test_one_at_a_time_and_only_of_what_is_a_call() -> None:
    rig = Rig()
    peer, _ = established(rig)
    rig.feed(peer.next("REFER"))
    rig.feed(peer.next("REFER", extra=TO_CAI + TO_CAI))
    rig.feed(peer.next("REFER", extra="Refer-To: <sip:cai@198.51.100.1;method=BYE>\r\n"))
    rig.feed(peer.next("REFER", extra="Refer-To: <sip:cai@198.51.100.1?Replaces=nothing>\r\n"))
    assert rig.statuses() == [400] * 4
    rig.feed(peer.next("REFER", extra=TO_CAI))
    rig.feed(peer.next("REFER", extra=TO_CAI))
    assert rig.statuses() == [491]
    rig.feed(peer.next("NOTIFY", b"SIP/2.0 200 OK\r\n", kind="message/sipfrag"))
    assert rig.statuses() == [481]


@pytest.mark.parametrize(
    ("to", "user"),
    [
        ("<sip:cai@example.org>", ""),
        ("<tel:+4912345>", "+4912345"),
        ("sip:%2B49123@jackfield", "+49123"),
        ("<https://example.org/cai>", ""),
    ],
)
def test_only_what_is_at_our_domain_is_said(to: str, user: str) -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.feed(peer.next("REFER", extra=f"Refer-To: {to}\r\n"))
    assert rig.events() == [ReferReceived(call, user, "", attended=False)]


def test_who_is_not_in_the_dialog_refers_to_nobody() -> None:
    rig = Rig()
    peer, call = established(rig)
    rig.feed(peer.next("REFER", extra=TO_CAI), Flow("UDP", "203.0.113.66", 5060))
    rig.feed(Peer("stranger").request("REFER", extra=TO_CAI))
    rig.feed(Peer("stranger", to_tag="guess").next("REFER", extra=TO_CAI))
    rig.feed(Peer(peer.call_id, tag="guess", to_tag=peer.to_tag).next("REFER", extra=TO_CAI))
    assert rig.statuses() == [403, 403, 481, 481]
    assert rig.events() == []
    assert rig.core.context.calls[call].refer is None
    early, ringing = incoming(rig, Peer("other"))
    early.to_tag = next(iter(key[1] for key, call in rig.core.context.dialogs.items() if call.id == ringing))
    rig.feed(early.next("REFER", extra=TO_CAI))
    assert rig.statuses() == [481]


def test_a_refer_names_the_call_that_it_replaces() -> None:
    rig = Rig()
    one, first = established(rig)
    two, second = established(rig, Peer("call-2", tag="again"))
    mark = f"call-2%3Bto-tag%3D{two.to_tag}%3Bfrom-tag%3Dagain"
    rig.feed(one.next("REFER", extra=f"Refer-To: <sip:cai@198.51.100.1?Require=x&Replaces={mark}>\r\n"))
    assert rig.events() == [ReferReceived(first, "cai", second, attended=True)]
    rig.core.finish_refer(first, 481, rig.now)
    rig.taken()
    rig.feed(one.next("REFER", extra=f"Refer-To: <sip:cai@198.51.100.1?Replaces={mark}no>\r\n"))
    assert rig.events() == [ReferReceived(first, "cai", "", attended=True)]


def test_an_invite_takes_the_place_of_a_call_that_is_up() -> None:
    rig = Rig()
    peer, call = established(rig)
    mark = f"{peer.call_id};to-tag={peer.to_tag};from-tag={peer.tag}"

    def invite(name: str, *rows: str) -> int | str:
        rig.feed(Peer(name).request("INVITE", SDP, extra="".join(f"Replaces: {row}\r\n" for row in rows)))
        received = [each for each in rig.events() if isinstance(each, CallReceived)]
        return received[0].replaces if received else rig.responses()[-1].status

    assert invite("c1", mark) == call
    assert invite("c2", f"{mark};early-only") == 486
    assert invite("c3", mark.replace(peer.tag, "other")) == 481
    assert invite("c4", mark, mark) == 400
    assert invite("c5", "nonsense") == 400
    rig.feed(Peer("c6").request("INVITE", SDP, extra=f"Require: replaces\r\nReplaces: {mark}\r\n"))
    assert isinstance(rig.events()[-1], CallReceived)
    rig.taken()
    late, unconfirmed = answered(rig, Peer("call-3"))
    assert invite("c7", f"call-3;to-tag={late.to_tag};from-tag=alice") == 481
    assert unconfirmed in rig.core.context.calls
    rig.core.hangup(call, "over", rig.now)
    assert invite("c8", mark) == 603


def test_an_invite_takes_the_place_of_a_call_that_we_ring() -> None:
    rig = Rig()
    ringing = rig.dial()
    mark = f"{ringing.call_id};to-tag={ringing.from_.tag};from-tag=bob;early-only"
    row = f"Replaces: {mark}\r\n"
    rig.feed(Peer("c1").request("INVITE", SDP, extra=row))
    assert rig.statuses() == [481], "nothing rings yet"
    rig.feed(reply(ringing, 180))
    rig.taken()
    rig.events()
    rig.feed(Peer("c2").request("INVITE", SDP, extra=row.replace("=bob", "=rob")))
    assert rig.statuses() == [481]
    rig.feed(Peer("c3").request("INVITE", SDP, extra=row))
    received = rig.one(CallReceived)
    assert received.replaces == "c1"
    rig.taken()
    rig.core.answer(received.call, ANSWER, rig.now)
    rig.core.hangup("c1", "replaced", rig.now)
    sent = [one.message for one in rig.taken()]
    assert [one.status if isinstance(one, Response) else one.method for one in sent] == [200, "CANCEL"]
    rig.feed(Peer("c4").request("INVITE", SDP, extra=row))
    assert rig.statuses() == [481], "it is being cancelled"
    rig.feed(reply(ringing, 487))
    assert not rig.core.context.early


def test_early_dialogs_are_few_and_end_with_their_call() -> None:
    rig = Rig()
    ringing = rig.dial()
    for number in range(20):
        rig.feed(reply(ringing, 180, tag=f"fork{number}"))
    assert len(rig.core.context.early) == MAX_ANSWERS
    rig.feed(reply(ringing, 200, tag="fork3", body=ANSWER))
    assert not rig.core.context.early


def test_what_we_can_is_announced() -> None:
    rig = Rig()
    rig.feed(Peer().request("OPTIONS"))
    [answer] = rig.responses()
    assert {"REFER", "NOTIFY"} <= set(answer.headers.values("Allow"))
    assert {"replaces", "norefersub", "timer"} == set(answer.headers.values("Supported"))
    assert "replaces" in rig.dial().headers.values("Supported")
