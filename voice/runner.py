"""Runs one caller's call: feeds its machine one event at a time and carries out what the machine asks for.

Everything that happens to the call goes through `tell`, so effects keep the machine's order without a lock.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

import structlog

from ivr import commands as ivr
from router import events as facts
from router.commands import Refuse
from router.vocabulary import Medium, Requirement
from voice.call import CallMachine, CallState
from voice.caller_leg import CallerLeg
from voice.events import (
    Answered,
    AskPlace,
    CallCommand,
    CallerLeft,
    CallEvent,
    Close,
    EnterQueue,
    GiveBack,
    HangUp,
    IvrAnswered,
    Join,
    Keep,
    LeaveQueue,
    Note,
    Part,
    PlaceKnown,
    PlayEnded,
    PlayPrompts,
    QueueRefused,
    StopPrompts,
    TellHold,
)
from voice.ports import (
    AgentNotices,
    Contexts,
    MediaEngine,
    MediaUnavailableError,
    Router,
    Sdp,
    SdpRefusedError,
    Signalling,
)
from voice.requests import IvrServices, Requests

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class VoicePorts:
    """The neighbours that every call needs. `expected_wait` of a waiting item is in microseconds, None if unknown."""

    signalling: Signalling
    media: MediaEngine
    sdp: Sdp
    router: Router
    contexts: Contexts
    notices: AgentNotices
    services: IvrServices | None = None
    expected_wait: Callable[[str], int | None] = lambda _work_id: None


@dataclass(frozen=True, slots=True)
class CallPlace:
    """Where the call came in."""

    interaction_id: str
    channel: str
    entry: str
    node: str


class CallRunner:
    """One inbound call. However `run` ends, nothing of the call is left: no leg, no work in the router, no context."""

    def __init__(
        self,
        caller: CallerLeg,
        place: CallPlace,
        machine: CallMachine,
        ports: VoicePorts,
        agent_of: Callable[[str], str | None],
    ) -> None:
        self.interaction_id = place.interaction_id
        self.work_id = place.interaction_id
        self.leg_id = f"caller:{place.interaction_id}"
        self.call = caller.call
        self._caller = caller
        self._place = place
        self._machine = machine
        self._ports = ports
        self._agent_of = agent_of
        self._requests = Requests(self.interaction_id, self.leg_id, ports.services, self._ivr_answered)
        self._inbox: asyncio.Queue[CallEvent] = asyncio.Queue()
        self._closed = False

    @property
    def reservation(self) -> str | None:
        """The reservation that the caller is joined by."""
        return self._machine.reservation

    def tell(self, event: CallEvent) -> None:
        """Something happened to this call."""
        self._inbox.put_nowait(event)
        if isinstance(event, CallerLeft):
            self._caller.gone()

    def hang_up(self, reason: str) -> None:
        """The node ends this call: the caller is told, and leaves."""
        self._caller.hang_up(reason)
        self.tell(CallerLeft(reason))

    def media_up(self) -> None:
        """The caller's media path is there."""
        self._caller.media_up()

    async def run(self) -> None:
        """The whole call; returns when it is over and everything is released."""
        structlog.contextvars.bind_contextvars(work_id=self.work_id)
        try:
            if await self._answer():
                await self._do_all(self._machine.handle(Answered(), self._now()))
            while self._machine.state is not CallState.ENDED:
                await self._step()
        except MediaUnavailableError as error:
            log.warning("call_lost_media", reason=error.reason)
            await self._do_all(self._machine.handle(CallerLeft(f"media: {error.reason}"), self._now()))
        finally:
            try:
                self._tidy()
            finally:
                await self._release()

    # --- answer -------------------------------------------------------------------------------------------------

    async def _answer(self) -> bool:
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

    # --- steps --------------------------------------------------------------------------------------------------

    async def _step(self) -> None:
        deadline = self._machine.next_deadline()
        wait_s = None if deadline is None else max(0, deadline - self._now()) / 1e6
        try:
            async with asyncio.timeout(wait_s):
                event = await self._inbox.get()
        except TimeoutError:
            commands = self._machine.expire(self._now())
        else:
            commands = self._machine.handle(event, self._now())
        await self._do_all(commands)

    async def _do_all(self, commands: list[CallCommand]) -> None:
        for command in commands:
            await self._do(command)
        reservation_id = self._machine.reservation
        self._caller.moved(self._machine.state, self._agent_of(reservation_id) if reservation_id else None)

    async def _do(self, command: CallCommand) -> None:
        match command:
            case PlayPrompts() | StopPrompts() | Join() | Part():
                await self._do_media(command)
            case ivr.LookUp() | ivr.RequestCallback() | ivr.Record() | ivr.KeepMessage():
                await self._requests.begin(command)
            case EnterQueue():
                await self._enter_queue(command)
            case AskPlace():
                self.tell(PlaceKnown(self._ports.router.place(self.work_id), self._ports.expected_wait(self.work_id)))
            case Keep(data, path, language):
                self._ports.contexts.collected(self.interaction_id, data, path, language)
            case TellHold(reservation_id, on):
                if agent_id := self._agent_of(reservation_id):
                    self._ports.notices.held(agent_id, reservation_id, on)
            case GiveBack(reservation_id, reason):
                self._post(facts.AssignmentFailed(reservation_id, reason))
            case HangUp(reason):
                self._caller.hang_up(reason)
            case LeaveQueue() | Note() | Close():
                self._report(command)
            case _:
                assert_never(command)

    def _report(self, command: LeaveQueue | Note | Close) -> None:
        match command:
            case LeaveQueue():
                self._post(facts.CustomerLeft(self.work_id))
            case Note(kind, detail):
                self._post(facts.InteractionNoted(self.interaction_id, kind, detail))
            case Close(outcome):
                self._closed = True
                self._post(facts.InteractionClosed(self.interaction_id, outcome))
            case _:
                assert_never(command)

    def _ivr_answered(self, answer: ivr.IvrAnswer) -> None:
        self.tell(IvrAnswered(answer))

    async def _do_media(self, command: PlayPrompts | StopPrompts | Join | Part) -> None:
        media = self._ports.media
        match command:
            case PlayPrompts(play_id, prompts, loop):
                try:
                    await media.play(self.leg_id, play_id, [f"{name}.wav" for name in prompts], loop=loop)
                except MediaUnavailableError as error:
                    # A missing file must not end the call: the machine goes on as if the prompt were over.
                    log.error("prompt_failed", prompts=prompts, reason=error.reason)
                    self.tell(PlayEnded(play_id, "failed"))
            case StopPrompts(play_id):
                await media.stop_play(self.leg_id, play_id)
            case Join(reservation_id, leg_id, first):
                gains = {(self.leg_id, leg_id): 1.0, (leg_id, self.leg_id): 1.0}
                await self._join(reservation_id, gains, first=first)
            case Part():
                await media.set_room(self.interaction_id, {})
            case _:
                assert_never(command)

    async def _join(self, reservation_id: str, gains: dict[tuple[str, str], float], *, first: bool) -> None:
        try:
            await self._ports.media.set_room(self.interaction_id, gains)
        except MediaUnavailableError as error:
            log.warning("join_failed", reservation_id=reservation_id, reason=error.reason)
            self._post(facts.AssignmentFailed(reservation_id, error.reason))
            return
        if first:
            self._post(facts.AssignmentConnected(reservation_id))

    async def _enter_queue(self, command: EnterQueue) -> None:
        event = facts.WorkQueued(
            work_id=self.work_id,
            interaction_id=self.interaction_id,
            medium=Medium.VOICE,
            queue=command.queue,
            requirements=tuple(Requirement(skill, minimum) for skill, minimum in command.requirements),
            priority=command.priority,
            node=self._place.node,
        )
        for answer in await self._ports.router.post(event, self.call):
            if isinstance(answer, Refuse):
                self.tell(QueueRefused(answer.code))

    def _tidy(self) -> None:
        """The call hangs up and the router forgets it, also when something unforeseen or a shutdown ended `run`."""
        self._caller.hang_up("over")
        if not self._closed:
            self._post(facts.CustomerLeft(self.work_id))
            self._post(facts.InteractionClosed(self.interaction_id, "failed"))

    async def _release(self) -> None:
        ports = self._ports
        self._caller.release()
        ports.contexts.closed(self.interaction_id)
        await self._requests.close()
        try:
            await ports.media.set_room(self.interaction_id, {})
        except MediaUnavailableError as error:
            log.info("room_already_gone", reason=error.reason)
        try:
            await ports.media.close_leg(self.leg_id)
        except MediaUnavailableError as error:
            log.info("leg_already_gone", reason=error.reason)

    def _post(self, event: facts.Event) -> None:
        self._ports.router.tell(event, self.call)

    def _now(self) -> int:
        return self._ports.router.now()
