"""Long random walks of the call machine: they follow its table."""

import random

import pytest

from router.vocabulary import EndedBy
from tests.voice.calls import NOTICE, QUESTION, S, machine, of
from voice import asked
from voice import events as e
from voice.away import LodgingLost, LodgingOver, TakenIn
from voice.call import CallMachine
from voice.call_table import IN_CONVERSATION, TABLE, CallState
from voice.listeners import ListenMode
from voice.party import CUSTOMER, PartyState
from voice.recording import RecordingRule

EVENTS: list[e.CallEvent] = [
    e.Answered(),
    e.DigitPressed("1"),
    e.DigitPressed("7"),
    e.PlayEnded("ivr-1", "finished"),
    e.PlayEnded("music-1", "stopped"),
    e.PlaceKnown(3),
    e.PlaceKnown(None),
    e.Requeued("w", "orders"),
    e.Requeued("w", "returns"),
    e.AgentReady("w", "w.1", "anna", "leg"),
    e.AgentReady("w", "w.2", "anna", "leg"),
    e.AgentLegLost("w"),
    asked.HoldAsked("w", on=True),
    asked.HoldAsked("w", on=False),
    asked.HoldAsked("w-2", on=True),
    asked.MuteAsked("w", on=True),
    asked.TransferAsked("w", asked.QueueTarget("returns"), warm=True),
    asked.TransferAsked("w", asked.QueueTarget("returns"), warm=False),
    asked.TransferAsked("w", asked.AgentTarget("ben"), warm=True),
    asked.TransferAsked("w-2", asked.AgentTarget("anna"), warm=False),
    asked.CompleteAsked("w"),
    asked.CompleteAsked("w-2"),
    asked.SwapAsked("w"),
    asked.SwapAsked("w-2"),
    asked.ConferenceAsked("w"),
    asked.DropAsked("w", "w-2"),
    asked.DropAsked("w", "w-3"),
    asked.DropAsked("w-2", CUSTOMER),
    asked.ListenAsked("sue", "leg-s", ListenMode.LISTEN),
    asked.ListenAsked("sue", "leg-s", ListenMode.BARGE, "ben"),
    asked.ListenEnded("sue"),
    asked.TakeOverAsked("sue"),
    e.AgentReady("w-2", "w-2.1", "sue", "leg-s"),
    e.AgentReady("w-2", "w-2.1", "ben", "leg-b"),
    e.AgentReady("w-3", "w-3.1", "cai", "leg-c"),
    e.AgentLegLost("w-2"),
    e.Requeued("w-2", "returns"),
    e.Requeued("w-3", "orders"),
    e.Parted("w-2", EndedBy.AGENT),
    e.QueueRefused("w-2", "x"),
    asked.TransferAsked("w", asked.NumberTarget("0755"), warm=True),
    asked.TransferAsked("w", asked.NumberTarget("0755"), warm=False),
    asked.DropAsked("w", "number:w-2"),
    e.NumberReady("number:w-2", "leg-n"),
    e.NumberReady("number:w-3", "leg-m"),
    e.NumberGone("number:w-2", "busy"),
    e.NumberGone("number:w-3", "hung_up"),
    e.Parted("w", EndedBy.AGENT),
    e.Parted("w", EndedBy.SYSTEM),
    e.QueueRefused("w", "x"),
    e.PlayEnded("notice-1", "finished"),
    asked.PauseAsked("w", on=True),
    asked.PauseAsked("w", on=False),
    asked.PauseOrdered("shop", on=True, program=True),
    e.RecordingLost(),
    TakenIn("w", "lodging"),
    TakenIn("w-2", "lodging"),
    LodgingOver("agent"),
    LodgingLost(5),
    e.CallerLeft("bye"),
]


def check(call: CallMachine, commands: list[e.CallCommand]) -> None:
    """What holds whatever happened: nobody is on hold by somebody who is gone, and only who is here is heard."""
    conversation = call._conversation
    for party in conversation.parties.values():
        assert (party.state is PartyState.HELD) <= (party.held_by in conversation.parties)
        assert (party.away_until is not None) <= (party.state is PartyState.AWAY)
        assert bool(party.leg_id) is not (party.state is PartyState.COMING)
    listening = {one.leg_id for one in conversation.listeners.all.values()}
    here = listening | {party.leg_id for party in conversation.parties.values() if party.state is PartyState.HERE}
    assert all({*pair} <= here for pair in call._stage._room) or call.state in (CallState.AWAY, CallState.ENDED)
    assert call.state is not CallState.AWAY or not conversation.others
    if call.state in IN_CONVERSATION:
        assert call.state is CallState.QUEUED or any(party.leg_id for party in conversation.others)
        assert call.state is not CallState.QUEUED or conversation.expects_somebody
    else:
        assert not len(call._stage._tones)
    for room in of(e.SetRoom, commands):
        assert call._stage._room == room.gains
    for wanted in of(e.SetRecording, commands):
        assert not wanted.heard or call.state is CallState.JOINED
        assert not (wanted.heard and wanted.paused_by)


@pytest.mark.parametrize("seed", range(200))
def test_random_walks_follow_the_table_and_close_once(seed: int) -> None:
    pick = random.Random(seed)
    rules = {"orders": NOTICE if seed % 2 else QUESTION, "returns": RecordingRule(rule="always")}
    call, now, closes, seen = machine(**rules if seed % 4 else {}), 0, 0, set[tuple[CallState, type[e.CallEvent]]]()
    for _ in range(60):
        now += pick.randrange(0, 5 * S)
        before = call.state
        if pick.random() < 0.2:
            commands = call.expire(now)
        else:
            event = pick.choice(EVENTS[:-1] if pick.random() < 0.95 else EVENTS)
            key = (before, type(event))
            commands = call.handle(event, now)
            seen.add(key)
            if key in TABLE:
                assert call.state in {*TABLE[key], before}
            else:
                assert call.state is before
                assert all(isinstance(command, e.Deny) for command in commands)
        check(call, commands)
        closes += len(of(e.Close, commands))
        assert closes == (call.state is CallState.ENDED)
        if call.state is CallState.IVR:
            assert call.next_deadline() is not None
    call.handle(e.CallerLeft("end"), now + S)
    assert call.state is CallState.ENDED
    assert call.next_deadline() is None


def test_every_state_of_the_table_lets_the_caller_leave() -> None:
    assert all((state, e.CallerLeft) in TABLE for state in CallState)
