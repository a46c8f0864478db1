"""The machine of one caller's call, from the answer to the last leg closed. Pure: no I/O, `now` in microseconds.

It embeds the IVR's machine, so that a call is one machine for whoever runs it. `CallerLeft` is legal in every state.
docs/states/call.md is drawn from `TABLE`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from ivr import commands as ivr
from ivr.machine import IvrMachine
from ivr.speech import place_prompts, wait_prompts
from router.vocabulary import EndedBy
from voice.events import (
    AgentLegLost,
    AgentReady,
    Answered,
    AskPlace,
    CallCommand,
    CallerLeft,
    CallEvent,
    Close,
    DigitPressed,
    EnterQueue,
    GiveBack,
    HangUp,
    HoldAsked,
    IvrAnswered,
    Join,
    Keep,
    LeaveQueue,
    Note,
    Part,
    Parted,
    PlaceKnown,
    PlayEnded,
    PlayPrompts,
    QueueRefused,
    Requeued,
    StopPrompts,
    TellHold,
)


class CallState(StrEnum):
    """Where the caller is."""

    ARRIVING = "arriving"
    IVR = "ivr"
    QUEUED = "queued"
    JOINED = "joined"
    HELD = "held"
    LOST_AGENT = "lost_agent"
    ENDED = "ended"


# (state, event) -> the states that may follow. What is not in the table is without effect there: it came late.
TABLE: dict[tuple[CallState, type[CallEvent]], tuple[CallState, ...]] = {
    (CallState.ARRIVING, Answered): (CallState.IVR, CallState.QUEUED, CallState.ENDED),
    (CallState.IVR, DigitPressed): (CallState.IVR, CallState.QUEUED, CallState.ENDED),
    (CallState.IVR, PlayEnded): (CallState.IVR, CallState.QUEUED, CallState.ENDED),
    (CallState.IVR, IvrAnswered): (CallState.IVR, CallState.QUEUED, CallState.ENDED),
    (CallState.QUEUED, PlayEnded): (CallState.QUEUED,),
    (CallState.QUEUED, PlaceKnown): (CallState.QUEUED,),
    (CallState.QUEUED, QueueRefused): (CallState.ENDED,),
    (CallState.QUEUED, Requeued): (CallState.QUEUED,),
    (CallState.QUEUED, AgentReady): (CallState.JOINED,),
    (CallState.QUEUED, Parted): (CallState.ENDED,),
    (CallState.JOINED, HoldAsked): (CallState.HELD,),
    (CallState.JOINED, AgentLegLost): (CallState.LOST_AGENT,),
    (CallState.JOINED, AgentReady): (CallState.JOINED,),
    (CallState.JOINED, Parted): (CallState.ENDED,),
    (CallState.JOINED, Requeued): (CallState.QUEUED,),
    (CallState.HELD, HoldAsked): (CallState.JOINED,),
    (CallState.HELD, AgentLegLost): (CallState.LOST_AGENT,),
    (CallState.HELD, AgentReady): (CallState.HELD,),
    (CallState.HELD, Parted): (CallState.ENDED,),
    (CallState.HELD, Requeued): (CallState.QUEUED,),
    (CallState.LOST_AGENT, AgentReady): (CallState.JOINED,),
    (CallState.LOST_AGENT, Parted): (CallState.ENDED,),
    (CallState.LOST_AGENT, Requeued): (CallState.QUEUED,),
    **{(state, CallerLeft): (CallState.ENDED,) for state in CallState},
}


@dataclass(frozen=True, slots=True)
class WaitPlan:
    """What a waiting caller hears: `welcome` once, music, and their place now and then.

    Prompts are names below the prompt root; a bare one is in the caller's language. Durations in microseconds;
    `announce_every` 0 means that no place is announced.
    """

    music: str = "music/hold"
    welcome: tuple[str, ...] = ()
    announce_first: int = 2_000_000
    announce_every: int = 30_000_000
    lost_agent_grace: int = 15_000_000


class CallMachine:
    """`handle` and `expire` return what is to be done, in order; `next_deadline` says when to call `expire`."""

    def __init__(self, ivr_machine: IvrMachine, plans: Mapping[str, WaitPlan], language: str) -> None:
        self.state = CallState.ARRIVING
        self.language = language
        self._ivr = ivr_machine
        self._plans = plans
        self._plan = WaitPlan()
        self._announce_at: int | None = None
        self._give_back_at: int | None = None
        self._plays = 0
        self._music: str | None = None
        self._speech: str | None = None
        self._reservation: str | None = None
        self._leg: str | None = None
        self._queue: str | None = None
        self._queued_once = False
        self._welcomed = False

    @property
    def reservation(self) -> str | None:
        """The reservation that the caller is joined (or held) by."""
        return self._reservation

    def next_deadline(self) -> int | None:
        """Shard time at which `expire` has something to do."""
        match self.state:
            case CallState.IVR:
                return self._ivr.next_deadline()
            case CallState.QUEUED:
                return self._announce_at
            case CallState.LOST_AGENT:
                return self._give_back_at
            case CallState.ARRIVING | CallState.JOINED | CallState.HELD | CallState.ENDED:
                return None
            case _:
                assert_never(self.state)

    def expire(self, now: int) -> list[CallCommand]:
        """What a deadline that has come asks for; nothing when none has."""
        deadline = self.next_deadline()
        if deadline is None or deadline > now:
            return []
        if self.state is CallState.IVR:
            return self._run_ivr(self._ivr.expire(now), now)
        if self.state is CallState.QUEUED:
            self._announce_at = None
            return [AskPlace()]
        return self._give_back("agent_leg_lost")

    def handle(self, event: CallEvent, now: int) -> list[CallCommand]:
        """The caller, the agent or the router did something."""
        if (self.state, type(event)) not in TABLE:
            return []
        if isinstance(event, CallerLeft):
            return self._caller_left(event.reason, now)
        match self.state:
            case CallState.ARRIVING:
                self.state = CallState.IVR
                return [Note("answered"), *self._run_ivr(self._ivr.start(now), now)]
            case CallState.IVR:
                return self._in_ivr(event, now)
            case CallState.QUEUED:
                return self._in_queue(event, now)
            case CallState.JOINED | CallState.HELD | CallState.LOST_AGENT:
                return self._with_agent(event, now)
            case CallState.ENDED:
                return []
            case _:
                assert_never(self.state)

    # --- each state ---------------------------------------------------------------------------------------------

    def _in_ivr(self, event: CallEvent, now: int) -> list[CallCommand]:
        match event:
            case DigitPressed(digit):
                return self._run_ivr(self._ivr.handle(ivr.Digit(digit), now), now)
            case PlayEnded(play_id, reason):
                number = play_id.removeprefix("ivr-")
                if not number.isdecimal():
                    return []
                told: ivr.FinishReason = "completed" if reason == "finished" else reason
                return self._run_ivr(self._ivr.handle(ivr.PromptFinished(int(number), told), now), now)
            case IvrAnswered(answer):
                return self._run_ivr(self._ivr.handle(answer, now), now)
            case _:
                return []

    def _in_queue(self, event: CallEvent, now: int) -> list[CallCommand]:
        match event:
            case PlayEnded(play_id, reason):
                return self._sound_over(play_id, reason == "failed", now)
            case PlaceKnown(place, wait_us):
                return self._say_place(place, wait_us, now)
            case QueueRefused(code):
                return self._end("refused", HangUp(code), Note("refused", (("code", code),)))
            case AgentReady(reservation_id, leg_id):
                return self._join(reservation_id, leg_id, first=True)
            case Parted(by):
                return self._end("handled" if by is EndedBy.AGENT else "failed", HangUp(by.value))
            case Requeued(queue):
                return self._start_music() if self._change_queue(queue, now) else []
            case _:
                return []

    def _with_agent(self, event: CallEvent, now: int) -> list[CallCommand]:
        match event:
            case HoldAsked(on):
                return self._hold(on=on)
            case AgentLegLost():
                return self._agent_lost(now)
            case AgentReady(reservation_id, leg_id):
                return self._agent_back(reservation_id, leg_id)
            case Parted(by):
                return self._end("handled", HangUp(by.value))
            case Requeued(queue):
                return self._wait_again(queue, now)
            case _:
                return []

    # --- moves --------------------------------------------------------------------------------------------------

    def _run_ivr(self, commands: list[ivr.IvrCommand], now: int) -> list[CallCommand]:
        done: list[CallCommand] = []
        for command in commands:
            match command:
                case ivr.Play(play_id, prompts, _):
                    done.append(PlayPrompts(f"ivr-{play_id}", prompts))
                case ivr.StopPlay(play_id):
                    done.append(StopPrompts(f"ivr-{play_id}"))
                case ivr.SetLanguage(language):
                    self.language = language
                    done.append(Note("language", (("language", language),)))
                case ivr.Note(kind, node, detail):
                    pairs = (("detail", detail), ("node", node)) if detail else (("node", node),)
                    done.append(Note(kind, pairs))
                case ivr.LookUp() | ivr.RequestCallback() | ivr.Record() | ivr.KeepMessage():
                    done.append(command)
                case ivr.Enqueue():
                    done += self._enter_queue(command, now)
                case ivr.Hangup(outcome, data, path):
                    done.append(Keep(data, path, self.language))
                    done += self._end(outcome, HangUp(outcome))
                case _:
                    assert_never(command)
        return done

    def _enter_queue(self, command: ivr.Enqueue, now: int) -> list[CallCommand]:
        self.state = CallState.QUEUED
        self._queued_once = True
        self._change_queue(command.queue, now)
        return [
            Keep(command.data, command.path, self.language),
            *self._start_music(),
            EnterQueue(
                command.queue,
                command.requirements,
                command.priority or 0,
                command.data,
                command.path,
                self.language,
            ),
        ]

    def _change_queue(self, queue: str | None, now: int) -> bool:
        """Another queue has its own music, welcome and announcements; False when it is the one that it was."""
        if queue in (None, self._queue):
            return False
        self._queue = queue
        self._plan = self._plans.get(queue, self._plan)
        self._welcomed = False
        self._arm_announcement(now, self._plan.announce_first)
        return True

    def _start_music(self) -> list[CallCommand]:
        self._speech = None
        self._music = self._play_id("music")
        return [PlayPrompts(self._music, (self._plan.music,), loop=True)]

    def _stop_sound(self) -> list[CallCommand]:
        playing = self._speech or self._music
        self._speech = self._music = None
        return [StopPrompts(playing)] if playing else []

    def _say_place(self, place: int | None, wait_us: int | None, now: int) -> list[CallCommand]:
        self._arm_announcement(now, self._plan.announce_every)
        if place is None:
            return []
        self._music = None
        self._speech = self._play_id("place")
        welcome = () if self._welcomed else tuple(self._in_language(name) for name in self._plan.welcome)
        self._welcomed = True
        wait = () if wait_us is None else wait_prompts(self.language, wait_us)
        told = (("place", str(place)), ("wait_s", str(wait_us // 1_000_000))) if wait_us else (("place", str(place)),)
        return [
            PlayPrompts(self._speech, (*welcome, *place_prompts(self.language, place), *wait)),
            Note("place_told", told),
        ]

    def _in_language(self, prompt: str) -> str:
        return prompt if "/" in prompt else f"{self.language}/{prompt}"

    def _sound_over(self, play_id: str, failed: bool, now: int) -> list[CallCommand]:
        if play_id not in (self._speech, self._music):
            return []
        if failed and play_id == self._music:
            # It would fail again, and again: the caller waits in silence, and still hears the announcements.
            self._music = None
            return []
        self._arm_announcement(now, self._plan.announce_every)
        return self._start_music()

    def _arm_announcement(self, now: int, after: int) -> None:
        self._announce_at = now + after if self._plan.announce_every else None

    def _join(self, reservation_id: str, leg_id: str, *, first: bool) -> list[CallCommand]:
        self.state = CallState.JOINED
        self._announce_at = self._give_back_at = None
        self._reservation, self._leg = reservation_id, leg_id
        return [*self._stop_sound(), Join(reservation_id, leg_id, first)]

    def _agent_lost(self, now: int) -> list[CallCommand]:
        # Whoever comes back is joined at once: a hold does not outlive the leg.
        held = self._reservation if self.state is CallState.HELD else None
        unhold = [TellHold(held, on=False)] if held else []
        self.state = CallState.LOST_AGENT
        self._give_back_at = now + self._plan.lost_agent_grace
        return [Note("agent_leg_lost"), Part(), *self._start_music(), *unhold]

    def _agent_back(self, reservation_id: str, leg_id: str) -> list[CallCommand]:
        if reservation_id != self._reservation:
            return []
        if self.state is CallState.HELD:
            self._leg = leg_id
            return []
        back = self.state is CallState.LOST_AGENT
        return [*self._join(reservation_id, leg_id, first=False), *([Note("agent_leg_back")] if back else [])]

    def _hold(self, *, on: bool) -> list[CallCommand]:
        if on is (self.state is CallState.HELD) or self._reservation is None or self._leg is None:
            return []
        if on:
            self.state = CallState.HELD
            return [Note("held"), Part(), *self._start_music(), TellHold(self._reservation, on=True)]
        return [
            Note("resumed"),
            *self._join(self._reservation, self._leg, first=False),
            TellHold(self._reservation, on=False),
        ]

    def _give_back(self, reason: str) -> list[CallCommand]:
        reservation, self._give_back_at = self._reservation, None
        return [GiveBack(reservation, reason)] if reservation else []

    def _wait_again(self, queue: str | None, now: int) -> list[CallCommand]:
        self.state = CallState.QUEUED
        self._reservation = self._leg = None
        self._give_back_at = None
        if not self._change_queue(queue, now):
            self._arm_announcement(now, self._plan.announce_every)
        return [Part(), *self._start_music()]

    def _caller_left(self, reason: str, now: int) -> list[CallCommand]:
        message: list[CallCommand] = []
        match self.state:
            case CallState.ENDED:
                return []
            case CallState.ARRIVING:
                outcome = "left_in_ivr"
            case CallState.IVR:
                # What the caller has said into a recording is kept, although nobody is there to hear of it.
                message += [
                    done for done in self._ivr.handle(ivr.CallerLeft(), now) if isinstance(done, ivr.KeepMessage)
                ]
                outcome = "voicemail" if message else "left_in_ivr"
            case CallState.QUEUED:
                outcome = "abandoned"
            case CallState.JOINED | CallState.HELD | CallState.LOST_AGENT:
                outcome = "handled"
            case _:
                assert_never(self.state)
        leave: list[CallCommand] = [LeaveQueue()] if self._queued_once else []
        return [*message, Note("caller_left", (("reason", reason),)), *leave, *self._end(outcome)]

    def _end(self, outcome: str, *before: CallCommand) -> list[CallCommand]:
        self.state = CallState.ENDED
        self._announce_at = self._give_back_at = None
        self._music = self._speech = None
        return [*before, Close(outcome)]

    def _play_id(self, kind: str) -> str:
        self._plays += 1
        return f"{kind}-{self._plays}"
