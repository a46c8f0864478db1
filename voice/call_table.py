"""The states of a caller's call, and which may follow on what. Pure; docs/states/call.md is drawn from `TABLE`."""

from enum import StrEnum
from typing import get_args

from voice.asked import Asked, SupervisorAsked
from voice.away import LodgingLost, LodgingOver, TakenIn
from voice.conversation import Where
from voice.events import (
    AgentReady,
    Answered,
    CallBackAnswered,
    CallBackSettled,
    CallerLeft,
    CallEvent,
    DigitPressed,
    Diverted,
    IvrAnswered,
    NumberGone,
    NumberReady,
    Parted,
    PartyEvent,
    PlaceKnown,
    PlayEnded,
    QueueRefused,
    RecordingLost,
    Requeued,
)


class CallState(StrEnum):
    """Where the caller is."""

    ARRIVING = "arriving"
    IVR = "ivr"
    NOTICE = "notice"
    QUEUED = "queued"
    JOINED = "joined"
    HELD = "held"
    LOST_AGENT = "lost_agent"
    AWAY = "away"
    ENDED = "ended"


IN_CONVERSATION = (CallState.QUEUED, CallState.JOINED, CallState.HELD, CallState.LOST_AGENT)
AFTER = {
    Where.WAITING: CallState.QUEUED,
    Where.TALKING: CallState.JOINED,
    Where.HELD: CallState.HELD,
    Where.LOST: CallState.LOST_AGENT,
    Where.ALONE: CallState.ENDED,
}
_OUT_OF_IVR = (CallState.IVR, CallState.NOTICE, CallState.QUEUED, CallState.ENDED)
_ANYWHERE = (*IN_CONVERSATION, CallState.ENDED)
_TALKING = (CallState.JOINED, CallState.HELD, CallState.LOST_AGENT)
# (state, event) -> the states that may follow. What is not in the table is without effect there: it came late.
TABLE: dict[tuple[CallState, type[CallEvent]], tuple[CallState, ...]] = {
    (CallState.ARRIVING, Answered): _OUT_OF_IVR,
    **{(CallState.IVR, event): _OUT_OF_IVR for event in (DigitPressed, PlayEnded, IvrAnswered)},
    **{(CallState.NOTICE, event): (CallState.NOTICE, *_ANYWHERE) for event in (DigitPressed, PlayEnded)},
    # Only of a customer who was called back: whoever comes waits until they have been told.
    **{(CallState.NOTICE, event): (CallState.NOTICE,) for event in get_args(PartyEvent)},
    (CallState.QUEUED, PlayEnded): (CallState.QUEUED,),
    (CallState.QUEUED, PlaceKnown): (CallState.QUEUED,),
    (CallState.QUEUED, DigitPressed): (CallState.QUEUED,),
    (CallState.QUEUED, CallBackAnswered): (CallState.QUEUED,),
    (CallState.QUEUED, CallBackSettled): (CallState.QUEUED, CallState.ENDED),
    (CallState.QUEUED, Requeued): (CallState.QUEUED,),
    (CallState.QUEUED, TakenIn): (CallState.QUEUED, CallState.AWAY),
    (CallState.AWAY, LodgingOver): (CallState.ENDED,),
    (CallState.AWAY, LodgingLost): (CallState.QUEUED,),
    (CallState.QUEUED, AgentReady): (CallState.QUEUED, CallState.JOINED),
    (CallState.QUEUED, Parted): (CallState.QUEUED, CallState.ENDED),
    (CallState.QUEUED, NumberReady): (CallState.QUEUED, CallState.JOINED),
    (CallState.QUEUED, NumberGone): (CallState.QUEUED,),
    **{(state, Diverted): (*IN_CONVERSATION, CallState.IVR, CallState.ENDED) for state in IN_CONVERSATION},
    **{(state, QueueRefused): (*IN_CONVERSATION, CallState.ENDED) for state in IN_CONVERSATION},
    **{(state, RecordingLost): (state,) for state in IN_CONVERSATION},
    **{(state, event): _ANYWHERE for state in _TALKING for event in get_args(PartyEvent)},
    **{(state, event): _ANYWHERE for state in _TALKING for event in get_args(Asked | SupervisorAsked)},
    **{(state, CallerLeft): (CallState.ENDED,) for state in CallState},
}
