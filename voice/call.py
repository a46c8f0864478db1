"""The machine of one caller's call, from the answer to the last leg closed. Pure: no I/O, `now` in microseconds.

It embeds the IVR's machine and, once the caller has been queued, the conversation's: where the parties stand says in
which of the later states the call is, who hears whom, and who hears music. `CallerLeft` is legal in every state.
The table of its moves is in voice.call_table.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from ivr import commands as ivr
from ivr.machine import IvrMachine
from router.vocabulary import EndedBy
from voice import steering
from voice.asked import (
    Asked,
    DropAsked,
    ListenAsked,
    ListenEnded,
    PauseAsked,
    PauseOrdered,
    SupervisorAsked,
    TakeOverAsked,
)
from voice.away import AwayEvent, LodgingLost, LodgingOver, TakenIn
from voice.call_table import AFTER, TABLE, CallState
from voice.conversation import Conversation, Where
from voice.events import (
    AgentLegLost,
    AgentReady,
    CallBackAnswered,
    CallBackSettled,
    CallCommand,
    CallerLeft,
    CallEvent,
    Close,
    Deny,
    DigitPressed,
    Diverted,
    EmergenciesSet,
    HangUp,
    IvrAnswered,
    Keep,
    LeaveForCallBack,
    Note,
    NumberGone,
    NumberReady,
    Parted,
    PlaceKnown,
    PlayEnded,
    PlayPrompts,
    QueueRefused,
    RecordingLost,
    Requeued,
    StopPrompts,
)
from voice.in_queue import InQueue
from voice.lodged import Lodged
from voice.party import CUSTOMER, Party, PartyKind
from voice.promise import CallBackKey
from voice.recording import CallRecording, RecordingRule
from voice.stage import Stage
from voice.tones import Tones, play_ids
from voice.waiting import WaitPlan, WaitSound


class CallMachine:
    """`handle` and `expire` return what is to be done, in order; `next_deadline` says when to call `expire`."""

    def __init__(
        self,
        ivr_machine: IvrMachine | None,
        plans: Mapping[str, WaitPlan],
        language: str,
        interaction_id: str,
        leg_id: str,
        *,
        called_back: str = "",
        came_by: str = "",
        recordings: Mapping[str, RecordingRule] = MappingProxyType({}),
    ) -> None:
        """`called_back`: the queue by which this caller was called back; then there is no menu, an agent is there.

        `came_by`: the item by which they came over from another shard; then they wait in `called_back` from the first.
        `recordings`: the rule of each queue that has one.
        """
        self.state = CallState.ARRIVING
        self.language = language
        self._menu = ivr_machine
        self._called_back = called_back
        self._play_id = play_ids()
        self._waiting = WaitSound(plans, self._play_id)
        self._guest = came_by != ""
        self._conversation = Conversation(interaction_id, leg_id, came_by)
        self._stage = Stage(self._conversation, self._waiting, Tones(self._play_id))
        self._recording = CallRecording(recordings, interaction_id)
        self._pending: ivr.Enqueue | None = None
        self._later: list[CallEvent] = []
        self._key = CallBackKey(self._waiting, self._play_id)
        self._in_queue = InQueue(self._conversation, self._waiting, self._key)
        self._away = Lodged(self._conversation, self._waiting, self._stage)

    @property
    def speaker(self) -> Party | None:
        """The agent whom the caller speaks with, or who put them on hold."""
        return self._conversation.speaker

    @property
    def awaited(self) -> str | None:
        """The work item by which somebody comes to the caller."""
        party = self._conversation.awaited
        return party.party_id if party else None

    @property
    def open_work(self) -> tuple[str, ...]:
        """The work items that the router may still have of this call."""
        return tuple(party.party_id for party in self._conversation.agents)

    def waits_alone(self, work_id: str) -> bool:
        """Whether the caller waits by this item, and nobody has spoken with them or comes by another way."""
        others = [party.party_id for party in self._conversation.others]
        return self.state is CallState.QUEUED and others == [work_id] and not self._conversation.served

    def agent_of(self, party_id: str) -> Party | None:
        """An agent's party by their work item."""
        party = self._conversation.parties.get(party_id)
        return party if party is not None and party.kind is PartyKind.AGENT else None

    @property
    def _ivr(self) -> IvrMachine:
        if self._menu is None:
            raise AssertionError("who is called back hears no menu")
        return self._menu

    def next_deadline(self) -> int | None:
        """Shard time at which `expire` has something to do."""
        match self.state:
            case CallState.IVR:
                return self._ivr.next_deadline()
            case CallState.NOTICE:
                return self._recording.answer_until
            case CallState.QUEUED:
                return self._waiting.announce_at
            case CallState.JOINED | CallState.HELD | CallState.LOST_AGENT:
                due = (self._conversation.next_deadline(), self._recording.next_deadline())
                return min((one for one in due if one is not None), default=None)
            case CallState.ARRIVING | CallState.AWAY | CallState.ENDED:
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
        if self.state is CallState.NOTICE:
            return self._told(self._recording.unanswered(now), now)
        if self.state is not CallState.QUEUED:
            return self._settle(self._conversation.expire(now), now)
        return self._in_queue.expire(now)

    def handle(self, event: CallEvent, now: int) -> list[CallCommand]:
        """The caller, an agent or the router did something."""
        if type(event) is CallerLeft:
            return self._caller_left(event.reason, now)
        if type(event) is EmergenciesSet:
            return self._waiting.emergencies(event.prompts, self.language, waits=self.state is CallState.QUEUED)
        if (self.state, type(event)) not in TABLE:
            denied: list[CallCommand] = [Deny("not_connected", "there is no conversation")]
            return denied if isinstance(event, Asked | SupervisorAsked) else []
        if isinstance(event, AwayEvent):
            return self._lodged(event, now)
        match self.state:
            case CallState.ARRIVING if self._called_back:
                return self._call_back(now)
            case CallState.ARRIVING:
                self.state = CallState.IVR
                return [Note("answered"), *self._run_ivr(self._ivr.start(now), now)]
            case CallState.IVR:
                return self._in_ivr(event, now)
            case CallState.NOTICE:
                return self._in_notice(event, now)
            case CallState.QUEUED | CallState.JOINED | CallState.HELD | CallState.LOST_AGENT:
                return self._in_conversation(event, now)
            case CallState.AWAY | CallState.ENDED:
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

    def _in_notice(self, event: CallEvent, now: int) -> list[CallCommand]:
        match event:
            case DigitPressed(digit):
                return self._told(self._recording.pressed(digit), now)
            case PlayEnded(play_id, reason):
                return self._told(self._recording.played(play_id, reason, now), now)
            case _:
                self._later.append(event)
                return []

    def _in_conversation(self, event: CallEvent, now: int) -> list[CallCommand]:
        self._conversation.grace_us = self._waiting.plan.lost_agent_grace
        match event:
            case PlayEnded() | PlaceKnown() | DigitPressed() | CallBackAnswered():
                return self._in_queue.handle(event, self.language, now)
            case CallBackSettled(work_id, promised):
                return self._call_back_settled(work_id, promised)
            case QueueRefused(work_id, code):
                self._conversation.handle(Parted(work_id, EndedBy.SYSTEM), now)
                note = Note("refused", (("code", code),))
                if self._conversation.where is Where.ALONE and not self._conversation.served:
                    return self._end("refused", HangUp(code), note)
                return self._settle([note], now)
            case Diverted(work_id, flow):
                return self._diverted(work_id, flow, now)
            case DropAsked(_, party_id) if party_id == CUSTOMER:
                done = steering.asked(self._conversation, event)
                return done if self._conversation.others else [*done, *self._end("handled", HangUp("agent"))]
            case Parted(_, by):
                return self._settle(self._conversation.handle(event, now), now, by)
            case AgentReady() | AgentLegLost() | Requeued() | NumberReady() | NumberGone():
                return self._settle(self._conversation.handle(event, now), now)
            case PauseAsked() | PauseOrdered() | RecordingLost():
                return self._settle(self._recording.handle(event, self._conversation.agents, now), now)
            case ListenAsked() | ListenEnded() | TakeOverAsked():
                return self._settle(steering.supervised(self._conversation, event), now)
            case _ if isinstance(event, Asked):
                return self._settle(steering.asked(self._conversation, event), now)
            case _:
                return []

    def _lodged(self, event: AwayEvent, now: int) -> list[CallCommand]:
        match event:
            case TakenIn(work_id, leg_id):
                alone = self.waits_alone(work_id)
                self.state = CallState.AWAY if alone else self.state
                return self._away.begin(work_id, leg_id) if alone else []
            case LodgingOver(reason):
                return self._end("handed_over", HangUp(reason))
            case LodgingLost(since):
                self.state = CallState.QUEUED
                self._key.dropped()
                return self._away.end(since, now, self.language)
            case _:
                assert_never(event)

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

    def _diverted(self, work_id: str, flow: IvrMachine, now: int) -> list[CallCommand]:
        """The queue gave the caller up; where somebody is with them, or comes, only that item is over."""
        self._conversation.handle(Parted(work_id, EndedBy.SYSTEM), now)
        if self._conversation.where is not Where.ALONE:
            return self._settle([], now)
        self.state, self._menu = CallState.IVR, flow
        silent = self._waiting.stop()
        self._waiting.queue = None
        shown = [*self._stage.all(), *self._recording.show(talking=False)]
        return [*silent, *shown, *self._run_ivr(flow.start(now), now)]

    def _enter_queue(self, command: ivr.Enqueue, now: int) -> list[CallCommand]:
        """Into the queue, when the caller knows what its rule of recording wants them to know before."""
        keep = Keep(command.data, command.path, self.language)
        notice = self._recording.tell(command.queue, self.language, self._play_id("notice"))
        if notice:
            self.state, self._pending = CallState.NOTICE, command
            return [keep, *notice]
        return [keep, *self._wait(command, now)]

    def _told(self, done: list[CallCommand], now: int) -> list[CallCommand]:
        if self._recording.asking:
            return done
        if self._pending is not None:
            command, self._pending = self._pending, None
            return [*done, *self._wait(command, now)]
        self.state, later = CallState.QUEUED, self._later
        return [*done, *self._guest_music(), *(command for event in later for command in self.handle(event, now))]

    def _wait(self, command: ivr.Enqueue, now: int) -> list[CallCommand]:
        conversation = self._conversation
        conversation.requirements, conversation.priority = command.requirements, command.priority or 0
        conversation.attributes = tuple({"language": command.language, **command.attributes}.items())
        enter = conversation.expect(command.queue)
        self.state = CallState.QUEUED
        self._waiting.enter(command.queue, now)
        return [*self._waiting.start(self.language), enter]

    def _call_back(self, now: int) -> list[CallCommand]:
        """The customer has answered our call; the agent comes once they know what the rule of recording wants told."""
        self._conversation.expect(self._called_back)
        self._waiting.enter(self._called_back, now)
        notice = self._recording.tell(self._called_back, self.language, self._play_id("notice"))
        self.state = CallState.NOTICE if notice else CallState.QUEUED
        return [Note("answered"), *(notice or self._guest_music())]

    def _guest_music(self) -> list[CallCommand]:
        """To whom nobody comes yet."""
        return self._waiting.start(self.language) if self._guest else []

    def _call_back_settled(self, work_id: str, promised: bool) -> list[CallCommand]:
        """Their part is over until they are called; or somebody is about to come, and they wait on."""
        self._key.dropped()
        if not promised:
            return self._waiting.start()
        return [*self._conversation.leave(work_id), *self._end("callback", HangUp("callback"))]

    def _settle(self, done: list[CallCommand], now: int, by: EndedBy | None = None) -> list[CallCommand]:
        """Bring the state, the rooms, the sounds and the agents' pages in step with where the parties stand."""
        conversation, before = self._conversation, self.state
        conversation.listeners.follow(conversation.parties)
        self.state = AFTER[conversation.where]
        if self.state is not CallState.QUEUED:
            self._key.dropped()
        if self.state is CallState.ENDED:
            outcome = "handled" if conversation.served or by is EndedBy.AGENT else "failed"
            return [*done, *self._end(outcome, HangUp((by or EndedBy.SYSTEM).value))]
        # First of all: neither the first word nor one too many is to be in it.
        recording = self._recording.follow(conversation.agents, now, joined=self.state is CallState.JOINED)
        sound = self._stage.customer_sound(before, self.state, self.language, now)
        silent = [command for command in sound if isinstance(command, StopPrompts)]
        starting = [command for command in sound if not isinstance(command, StopPrompts)]
        shown = self._stage.show()
        told = self._recording.show(talking=conversation.speaker is not None)
        return [*done, *recording, *silent, *self._stage.rooms(), *starting, *self._stage.sounds(), *shown, *told]

    def _caller_left(self, reason: str, now: int) -> list[CallCommand]:
        message: list[CallCommand] = []
        match self.state:
            case CallState.ENDED:
                return []
            case CallState.ARRIVING | CallState.NOTICE:
                outcome = "abandoned" if self._conversation.others else "left_in_ivr"
            case CallState.IVR:
                # What the caller has said into a recording is kept, although nobody is there to hear of it.
                message += [
                    done for done in self._ivr.handle(ivr.CallerLeft(), now) if isinstance(done, ivr.KeepMessage)
                ]
                outcome = "voicemail" if message else "left_in_ivr"
            case CallState.QUEUED if self._key.work_id:
                work_id, outcome = self._key.work_id, "callback"
                message += [LeaveForCallBack(work_id, gone=True), *self._conversation.leave(work_id)]
            case CallState.QUEUED:
                outcome = "abandoned"
            case CallState.AWAY:
                outcome = "handed_over"
            case CallState.JOINED | CallState.HELD | CallState.LOST_AGENT:
                outcome = "handled"
            case _:
                assert_never(self.state)
        left = Note("caller_left", (("reason", reason),))
        return [*message, left, *self._conversation.end(), *self._end(outcome)]

    def _end(self, outcome: str, *before: CallCommand) -> list[CallCommand]:
        self.state = CallState.ENDED
        self._waiting.stop()
        return [*before, *self._stage.clear(), Close(outcome)]
