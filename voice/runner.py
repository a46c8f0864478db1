"""Runs one caller's call: feeds its machine one event at a time and carries out what the machine asks for.

Everything that happens to the call goes through `tell`, so effects keep the machine's order without a lock (Course).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import assert_never

import structlog

from ivr import commands as ivr
from router import events as facts
from router.commands import Refuse
from router.vocabulary import Medium, Requirement
from voice.asked import Asked, SupervisorAsked
from voice.call import CallMachine
from voice.call_media import CallMedia
from voice.call_table import CallState
from voice.caller_leg import CallerLeg, Elsewhere
from voice.closing import close_leg, close_room
from voice.course import OVER, Answer, Course, Inbox, Wait, settle
from voice.events import (
    Answered,
    AskCallBack,
    AskPlace,
    CallBackAnswered,
    CallBackSettled,
    CallCommand,
    CallerLeft,
    CallEvent,
    CancelWork,
    Close,
    Deny,
    DialNumber,
    DigitPressed,
    DropNumber,
    EndAssignment,
    EnterQueue,
    GiveBack,
    HangUp,
    IvrAnswered,
    Keep,
    LeaveForCallBack,
    LeaveQueue,
    Note,
    PlaceKnown,
    PlayPrompts,
    QueueRefused,
    ReleaseDirection,
    RouterCommand,
    SetRecording,
    SetRoom,
    ShowParties,
    ShowRecording,
    StopPrompts,
    TellHold,
)
from voice.neighbours import VoicePorts
from voice.party import PartyView
from voice.ports import MediaUnavailableError, Numbers, SdpRefusedError
from voice.requests import Requests

log = structlog.get_logger(__name__)


def caller_leg_id(interaction_id: str) -> str:
    """The name of the customer's media leg."""
    return f"caller:{interaction_id}"


def _into(inbox: Inbox) -> Callable[[CallEvent], None]:
    return lambda event: inbox.put(event)  # noqa: PLW0108 - its second argument is ours


def _poster(ports: VoicePorts, call: str) -> Callable[[facts.Event], None]:
    return lambda event: ports.router.tell(event, call)


@dataclass(frozen=True, slots=True)
class CallPlace:
    """Where the call came in, and what flows know of it (the caller's number among it).

    `since`: when the caller came into their first queue, where that was at another node (shard time, microseconds).
    `origin`: the shard whose guest the caller is.
    """

    interaction_id: str
    channel: str
    entry: str
    node: str
    known: Mapping[str, str] = field(default_factory=dict, repr=False)
    since: int | None = None
    origin: str = ""


class CallRunner(Course):
    """One inbound call. However `run` ends, nothing of the call is left: no leg, no work in the router, no context.

    `parties` are those whom agents were shown last; `watchers` are told when they change.
    """

    def __init__(
        self,
        caller: CallerLeg,
        place: CallPlace,
        machine: CallMachine,
        ports: VoicePorts,
        numbers: Numbers,
    ) -> None:
        super().__init__()
        self.interaction_id = place.interaction_id
        self.leg_id = caller_leg_id(place.interaction_id)
        self.call = caller.call
        self._caller = caller
        self._place = place
        self._machine = machine
        self._ports = ports
        self._numbers = numbers
        # They are given the inbox, not the runner: a call that is over goes at once, not when the collector comes by.
        tell = _into(self.inbox)
        self._requests = Requests(
            self.interaction_id, self.leg_id, ports.services, lambda answer: tell(IvrAnswered(answer))
        )
        self._sound = CallMedia(self.interaction_id, self.leg_id, ports, tell, _poster(ports, caller.call))
        self.parties: tuple[PartyView, ...] = ()
        self.watchers: set[Callable[[tuple[PartyView, ...]], None]] = set()
        self._since = place.since
        self._closed = False
        self._over = False

    def tell(self, event: CallEvent) -> None:
        """Something happened to this call."""
        if type(event) is DigitPressed:
            self.at_once(event)  # it may be their way into a queue
            return
        self.inbox.put(event)
        if type(event) is CallerLeft:
            self._caller.gone()

    async def ask(self, event: Asked | SupervisorAsked) -> Deny | None:
        """An agent or a supervisor asks for something; returns once it is carried out, or denied."""
        if self._over:
            return OVER
        answer: Answer = asyncio.get_running_loop().create_future()
        self.inbox.put(event, answer)
        return await answer

    @property
    def known(self) -> Mapping[str, str]:
        """What flows know of the call."""
        return self._place.known

    @property
    def language(self) -> str:
        """In which the caller is spoken to."""
        return self._machine.language

    def is_take_over(self, work_id: str) -> bool:
        """Whether a supervisor comes by this work item, to take the caller over."""
        party = self._machine.agent_of(work_id)
        return party is not None and party.takes_over

    def waits_alone(self, work_id: str) -> bool:
        """As the machine's."""
        return self._machine.waits_alone(work_id)

    def show(self, state: str, agent: str) -> None:
        """Where the call is at another shard, for the caller's page."""
        self._caller.shown(CallState(state), agent)

    def hang_up(self, reason: str) -> None:
        """The node ends this call: the caller is told, and leaves."""
        self._caller.hang_up(reason)
        self.tell(CallerLeft(reason))

    def move(self, there: Elsewhere) -> bool:
        """Asks the caller to call another node; False when that cannot be asked."""
        return self._caller.move(there)

    def move_away(self) -> None:
        """The caller is on the line at another node: who waited has abandoned nothing."""
        if self._machine.state is CallState.QUEUED and (work_id := self._machine.awaited) is not None:
            self._post(facts.WorkCancelled(work_id, "node"))
        self.hang_up("moved")

    def media_up(self) -> None:
        """The caller's media path is there."""
        self._caller.media_up()

    async def run(self) -> None:
        """The whole call; returns when it is over and everything is released."""
        structlog.contextvars.bind_contextvars(interaction_id=self.interaction_id)
        try:
            await self.follow(self._handle(Answered()) if await self._take_call() else ())
        except MediaUnavailableError as error:
            log.warning("call_lost_media", reason=error.reason)
            await self.follow(self._handle(CallerLeft(f"media: {error.reason}")))
        finally:
            self._over = True
            try:
                self._tidy()
            finally:
                await self._release()

    # --- answer -------------------------------------------------------------------------------------------------

    async def _take_call(self) -> bool:
        """Opens the leg and answers. False when the call is over before sound may begin."""
        try:
            if await self._caller.answer(self.leg_id):
                return True
            self.tell(CallerLeft("not confirmed"))
        except SdpRefusedError as error:
            self._refuse(488, str(error))
        except MediaUnavailableError as error:
            self._refuse(503, error.reason)
        return False

    def _refuse(self, code: int, reason: str) -> None:
        """A final answer; a call that has been answered already is hung up when `run` ends."""
        log.info("call_refused", code=code, reason=reason)
        self._caller.refuse(code, reason)
        self.tell(CallerLeft(f"refused {code}"))

    # --- steps (Course) -----------------------------------------------------------------------------------------

    def _now(self) -> int:
        return self._ports.router.now()

    def _is_over(self) -> bool:
        return self._machine.state is CallState.ENDED

    def _next_deadline(self) -> int | None:
        return self._machine.next_deadline()

    def _handle(self, event: CallEvent) -> Sequence[CallCommand]:
        return self._machine.handle(event, self._now())

    def _expire(self) -> Sequence[CallCommand]:
        return self._machine.expire(self._now())

    def _settled(self) -> None:
        if self._caller.is_shown:
            machine = self._machine
            self._caller.moved(machine.state, machine.speaker.agent_id if machine.speaker else None, machine.awaited)

    def _do(self, command: CallCommand) -> Wait | None:
        ports = self._ports
        match command:
            case Note(kind, detail):  # half of all: they need not be compared with all else
                ordered = tuple(sorted(detail)) if len(detail) > 1 else detail
                ports.router.tell(facts.InteractionNoted(self.interaction_id, kind, ordered), self.call)
            case PlayPrompts() | StopPrompts() | SetRoom() | SetRecording():
                return self._sound.do(command)
            case ivr.LookUp() | ivr.RequestCallback() | ivr.Record() | ivr.KeepMessage():
                return partial(self._requests.begin, command)
            case EnterQueue() | AskPlace() | AskCallBack() | LeaveForCallBack():
                return partial(self._ask, command)
            case Keep(data, path, language):
                ports.contexts.collected(self.interaction_id, data, path, language)
            case TellHold() | ShowParties() | ShowRecording():
                self._show(command)
            case HangUp(reason):
                self._caller.hang_up(reason)
            case DialNumber(party_id, number):
                self._numbers.dial(self.interaction_id, party_id, number)
            case DropNumber(party_id):
                self._numbers.drop(party_id)
            case Deny():
                pass  # told to whoever asked
            case _:
                self._report(command)
        return None

    def _show(self, command: TellHold | ShowParties | ShowRecording) -> None:
        notices = self._ports.notices
        match command:
            case TellHold(agent_id, reservation_id, on):
                notices.held(agent_id, reservation_id, on)
            case ShowParties(parties):
                self.parties = parties
                notices.parties(self.interaction_id, parties)
                for watcher in list(self.watchers):
                    watcher(parties)
            case ShowRecording():
                notices.recording(self.interaction_id, command)

    def _report(self, command: RouterCommand) -> None:
        match command:
            case GiveBack(reservation_id, reason):
                self._post(facts.AssignmentFailed(reservation_id, reason))
            case EndAssignment(reservation_id, by, reason):
                self._post(facts.AssignmentEnded(reservation_id, by, reason))
            case CancelWork(work_id, by):
                self._post(facts.WorkCancelled(work_id, f"agent:{by}" if by else "call"))
            case ReleaseDirection(work_id):
                self._post(facts.WorkDirected(work_id, None, "call"))
            case LeaveQueue(work_id):
                self._post(facts.CustomerLeft(work_id))
            case Close(outcome):
                self._closed = True
                self._post(facts.InteractionClosed(self.interaction_id, outcome))
            case EnterQueue():
                raise AssertionError("waits for its answer")
            case _:
                assert_never(command)

    async def _enter_queue(self, command: EnterQueue) -> None:
        preferred = await self._ports.contexts.acquainted(self.interaction_id, command.queue)
        since, self._since = command.since or self._since, None
        event = facts.WorkQueued(
            work_id=command.work_id,
            interaction_id=self.interaction_id,
            medium=Medium.VOICE,
            queue=command.queue,
            requirements=tuple(Requirement(skill, minimum) for skill, minimum in command.requirements),
            priority=command.priority,
            node=self._place.node,
            directed=command.directed or None,
            attributes=tuple(
                sorted({**dict(command.attributes), "channel": self._place.channel, "entry": self._place.entry}.items())
            ),
            preferred=preferred,
            since=since,
            taken_over=self.is_take_over(command.work_id),
            origin=self._place.origin,
        )
        for answer in await self._ports.router.post(event, self.call):
            if isinstance(answer, Refuse):
                self.tell(QueueRefused(command.work_id, answer.code))

    async def _ask(self, command: EnterQueue | AskPlace | AskCallBack | LeaveForCallBack) -> None:
        """What the machine waits to be told of."""
        router = self._ports.router
        match command:
            case EnterQueue():
                await self._enter_queue(command)
            case AskPlace(work_id, call_back):
                possible = call_back and await self._may_call_back()
                self.tell(PlaceKnown(router.place(work_id), self._ports.expected_wait(work_id), possible))
            case AskCallBack(work_id):
                self.tell(CallBackAnswered(work_id, await self._may_call_back()))
            case LeaveForCallBack(work_id, gone):
                await self._leave_for_call_back(work_id, gone=gone)
            case _:
                assert_never(command)

    async def _may_call_back(self) -> bool:
        number = await self._ports.contexts.number(self.interaction_id)
        return bool(number) and self._ports.lines is not None and self._ports.lines.allows(number)

    async def _leave_for_call_back(self, work_id: str, *, gone: bool) -> None:
        answers = await self._ports.router.post(facts.CallbackRequested(work_id), self.call)
        promised = not any(isinstance(answer, Refuse) for answer in answers)
        if not gone:
            self.tell(CallBackSettled(work_id, promised))
        elif not promised:
            self._post(facts.CustomerLeft(work_id))  # an agent was being asked just now, and nobody is there

    def _tidy(self) -> None:
        """The call hangs up and the router forgets it, also when something unforeseen or a shutdown ended `run`."""
        self._caller.hang_up("over")
        while self.inbox.events:
            settle(self.inbox.events.popleft()[1], OVER)
        if not self._closed:
            for work_id in self._machine.open_work:
                self._post(facts.CustomerLeft(work_id))
            self._post(facts.InteractionClosed(self.interaction_id, "failed"))

    async def _release(self) -> None:
        ports = self._ports
        self._caller.release()
        ports.contexts.closed(self.interaction_id)
        await self._requests.close()
        if ports.recorder is not None:
            await ports.recorder.over(self.interaction_id)
        await close_room(ports.media, self.interaction_id)
        await close_leg(ports.media, self.leg_id)

    def _post(self, event: facts.Event) -> None:
        self._ports.router.tell(event, self.call)
