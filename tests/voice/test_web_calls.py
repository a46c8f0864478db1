"""A web caller's side of a call: what the browser is told, and how long a lost socket may stay away."""

import asyncio

import pytest

from tests.voice.web_rig import Rig, Socket
from voice.call_table import CallState
from voice.caller_leg import Elsewhere
from voice.ports import CallerIdentity
from voice.web_calls import WebCaller
from voice.web_messages import Answer, Ended, Move, Refused, Resumed, Start, State

START = Start(entry="4000", sdp="v=0 offer", visitor_id="visitor-1", name=" Vera ", locale="zh-CN")


@pytest.fixture
async def rig() -> Rig:
    return Rig()


async def taken(rig: Rig, socket: Socket) -> WebCaller:
    """A call that is answered and whose sound may begin."""
    caller = rig.calls.start(START, socket)
    assert caller is not None
    answering = asyncio.create_task(caller.answer("caller:w1"))
    while not socket.sent:
        await asyncio.sleep(0)
    assert not answering.done(), "nothing is played before the browser can hear it"
    caller.media_up()
    assert await answering
    return caller


async def test_a_call_is_admitted_with_the_visitors_identity_and_answered(rig: Rig) -> None:
    socket = Socket()
    caller = await taken(rig, socket)
    assert rig.desk.admitted == [(caller, "4000", CallerIdentity("visitor", "visitor-1", "Vera", "zh-CN"))]
    [answer] = socket.sent
    assert isinstance(answer, Answer)
    assert (answer.sdp, answer.call, answer.resume_within_s) == ("answer v=0 offer", caller.call, 0.1)
    assert len(answer.token) > 20
    assert len(rig.calls) == 1


async def test_only_open_entries_are_reached(rig: Rig) -> None:
    socket = Socket()
    assert rig.calls.start(Start(entry="4711", sdp="v=0"), socket) is None
    assert socket.sent == [Refused(code="no_such_entry", reason="no such entry")]
    assert not rig.desk.admitted


async def test_a_full_house_refuses(rig: Rig) -> None:
    rig.desk.busy = True
    socket = Socket()
    assert rig.calls.start(START, socket) is None
    assert socket.sent == [Refused(code="unavailable", reason="no room for another call")]
    assert len(rig.calls) == 0


async def test_a_page_is_sent_to_another_node(rig: Rig) -> None:
    there, socket = Elsewhere("", "http://b", "word"), Socket()
    caller = rig.calls.start(START, socket)
    assert caller is not None
    assert caller.move(there)
    assert socket.sent == [Move(node="http://b", entry="word")]
    assert caller.redirect(there)
    caller.hang_up("over")
    assert socket.sent == [Move(node="http://b", entry="word")] * 2, "there is nothing more to say"
    assert not caller.move(there)


async def test_an_offer_that_cannot_be_used_is_refused(rig: Rig) -> None:
    rig.media.fail = {"open_webrtc"}
    socket = Socket()
    caller = rig.calls.start(START, socket)
    assert caller is not None
    with pytest.raises(Exception, match="worker_lost"):
        await caller.answer("caller:w1")
    caller.refuse(503, "worker_lost")  # as the runner does
    caller.hang_up("over")
    caller.release()
    assert socket.sent == [Refused(code="unavailable", reason="worker_lost")]
    assert socket.closed.is_set()
    assert len(rig.calls) == 0


async def test_a_caller_who_leaves_before_the_media_is_up_is_not_answered(rig: Rig) -> None:
    socket = Socket()
    caller = rig.calls.start(START, socket)
    assert caller is not None
    answering = asyncio.create_task(caller.answer("caller:w1"))
    while not socket.sent:
        await asyncio.sleep(0)
    caller.gone()
    assert await answering is False


async def test_the_task_being_cancelled_is_no_caller_leaving(rig: Rig) -> None:
    socket = Socket()
    caller = rig.calls.start(START, socket)
    assert caller is not None
    answering = asyncio.create_task(caller.answer("caller:w1"))
    while not socket.sent:
        await asyncio.sleep(0)
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering


async def test_what_another_shard_says_of_the_call_is_shown_by_its_own_names(rig: Rig) -> None:
    socket = Socket()
    caller = await taken(rig, socket)
    caller.moved(CallState.QUEUED, None, None)
    caller.moved(CallState.AWAY, None, None)
    caller.shown(CallState.QUEUED, "")
    caller.shown(CallState.JOINED, "Bo of the south")
    caller.moved(CallState.AWAY, None, None)
    caller.shown(CallState.HELD, "Bo of the south")
    caller.hang_up("agent")
    caller.shown(CallState.JOINED, "too late")
    assert socket.sent[1:] == [
        State(state="waiting"),
        State(state="connected", agent="Bo of the south"),
        State(state="held", agent="Bo of the south"),
        Ended(reason="agent"),
    ]


async def test_states_are_told_once_and_a_ringing_agent_is_none(rig: Rig) -> None:
    socket = Socket()
    caller = await taken(rig, socket)
    caller.moved(CallState.ARRIVING, None, None)
    caller.moved(CallState.IVR, None, None)
    caller.moved(CallState.IVR, None, None)
    rig.place = 3
    caller.moved(CallState.QUEUED, None, None)
    rig.place = None  # an agent rings
    caller.moved(CallState.QUEUED, None, None)
    caller.moved(CallState.JOINED, "anna", None)
    caller.moved(CallState.HELD, "anna", None)
    caller.moved(CallState.LOST_AGENT, "anna", None)
    caller.hang_up("agent")
    caller.moved(CallState.ENDED, None, None)
    caller.hang_up("over")
    assert socket.sent[1:] == [
        State(state="in_ivr"),
        State(state="waiting", place=3),
        State(state="connected", agent="Anna"),
        State(state="held", agent="Anna"),
        Ended(reason="agent"),
    ]


async def test_a_new_place_is_told_when_the_browser_asks(rig: Rig) -> None:
    socket = Socket()
    caller = await taken(rig, socket)
    rig.place = 2
    caller.moved(CallState.QUEUED, None, None)
    caller.refresh()
    rig.place = 1
    caller.refresh()
    caller.moved(CallState.JOINED, "anna", None)
    caller.refresh()
    assert [message.place for message in socket.sent if isinstance(message, State)] == [2, 1, None]


async def test_all_who_wait_are_told_an_emergency_at_once(rig: Rig) -> None:
    socket = Socket()
    caller = await taken(rig, socket)
    caller.moved(CallState.QUEUED, None, None)
    rig.told = {"zh-CN": "closed: a storm"}
    rig.calls.refresh()
    rig.told = {}
    rig.calls.refresh()
    caller.moved(CallState.JOINED, "anna", None)
    rig.told = {"zh-CN": "again"}
    rig.calls.refresh()
    states = [(message.state, message.emergency) for message in socket.sent if isinstance(message, State)]
    assert states == [("waiting", None), ("waiting", "closed: a storm"), ("waiting", None), ("connected", None)]


async def test_hanging_up_tells_the_desk(rig: Rig) -> None:
    socket = Socket()
    caller = await taken(rig, socket)
    rig.calls.press(caller, "5")
    rig.calls.hang_up(caller)
    assert rig.desk.digits == ["5"]
    assert rig.desk.ended == [(caller.call, "caller hung up")]
    assert socket.sent[-1] == Ended(reason="caller")


async def test_a_lost_socket_ends_the_call_after_the_grace_period(rig: Rig) -> None:
    socket = Socket()
    caller = await taken(rig, socket)
    rig.calls.detached(caller, socket)
    caller.moved(CallState.IVR, None, None)  # nobody is there to be told
    assert rig.desk.ended == []
    async with asyncio.timeout(30):
        while not rig.desk.ended:
            await asyncio.sleep(0.01)
    assert rig.desk.ended == [(caller.call, "connection lost")]
    caller.release()
    assert len(rig.calls) == 0


async def test_a_socket_that_comes_back_in_time_keeps_the_call(rig: Rig) -> None:
    first, second = Socket(), Socket()
    caller = await taken(rig, first)
    rig.calls.detached(caller, first)
    caller.moved(CallState.JOINED, "anna", None)
    assert await rig.calls.resume(caller.token, None, second) is caller
    assert second.sent == [Resumed(), State(state="connected", agent="Anna")]
    await asyncio.sleep(0.2)
    assert rig.desk.ended == []
    rig.calls.detached(caller, first)  # told late: it is no longer the caller's socket
    await asyncio.sleep(0.2)
    assert rig.desk.ended == []


async def test_a_new_socket_takes_over_from_one_that_is_still_there(rig: Rig) -> None:
    first, second = Socket(), Socket()
    caller = await taken(rig, first)
    assert await rig.calls.resume(caller.token, "v=0 other", second) is caller
    assert first.closed.is_set()
    assert second.sent == [Resumed(sdp="answer v=0 other")]
    assert rig.media.asked == ["open_webrtc caller:w1", "open_webrtc caller:w1"]


async def test_a_media_path_that_cannot_be_renewed_is_told_and_the_call_goes_on(rig: Rig) -> None:
    first, second = Socket(), Socket()
    caller = await taken(rig, first)
    rig.media.fail = {"open_webrtc"}
    assert await rig.calls.resume(caller.token, "v=0 other", second) is caller
    assert second.sent == [Refused(code="unusable_offer", reason="worker_lost")]
    assert rig.desk.ended == []


async def test_an_unknown_token_gets_nothing(rig: Rig) -> None:
    socket = Socket()
    caller = await taken(rig, Socket())
    assert await rig.calls.resume("guess", "v=0", socket) is None
    assert socket.sent == [Refused(code="unknown_call", reason="this call is over")]
    caller.release()
    assert await rig.calls.resume(caller.token, None, socket) is None
