"""What a flow asks of the world outside its call: look-ups, callbacks, recorded messages; and who does it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, assert_never

import structlog

from ivr.commands import (
    CallerSilent,
    IvrAnswer,
    IvrRequest,
    KeepMessage,
    LookedUp,
    LookUp,
    Record,
    RequestCallback,
    RequestFailed,
    RequestKept,
)

log = structlog.get_logger(__name__)

KEEP_TIMEOUT_S = 8.0  # The flow itself gives up after KEEP_LIMIT_US of ivr/machine.py.


class RequestError(Exception):
    """It could not be done; `reason` is one word for the story, without personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LookUps(Protocol):
    """Asks other programs by HTTP; only those that the site names."""

    async def get(self, request: LookUp) -> object:
        """The JSON answer. Raises RequestError, at the latest after the request's own time-out."""
        ...


class Callbacks(Protocol):
    """Writes down who is to be called back."""

    async def requested(self, interaction_id: str, request: RequestCallback) -> None:
        """Returns when it is kept. Raises RequestError."""
        ...


class Voicemails(Protocol):
    """Records callers and keeps what they said; one recording for each interaction at a time."""

    async def begin(self, interaction_id: str, leg_id: str, request: Record, silent: Callable[[], None]) -> None:
        """Begins to record; `silent` is called once after `silence_us` without speech. Raises RequestError."""
        ...

    async def keep(self, interaction_id: str, request: KeepMessage) -> None:
        """Ends the recording and keeps it. Raises RequestError, also when nothing was said."""
        ...

    async def drop(self, interaction_id: str) -> None:
        """Ends the recording, if there is one, and throws it away."""
        ...


@dataclass(frozen=True, slots=True)
class IvrServices:
    """Who does what flows ask for."""

    look_ups: LookUps
    callbacks: Callbacks
    voicemails: Voicemails


class Requests:
    """The requests of one call. `tell` gets the answer of each, exactly one, unless `close` came first.

    Without services every request fails, so that the flow takes its fallback.
    """

    def __init__(
        self, interaction_id: str, leg_id: str, services: IvrServices | None, tell: Callable[[IvrAnswer], None]
    ) -> None:
        self._interaction_id = interaction_id
        self._leg_id = leg_id
        self._services = services
        self._tell = tell
        self._look_up: asyncio.Task[None] | None = None

    async def begin(self, request: IvrRequest) -> None:
        """Does it. A look-up goes on beside the call, because the caller may press keys or leave meanwhile."""
        if self._services is None:
            self._tell(RequestFailed(request.request_id, "not_available"))
        elif isinstance(request, LookUp):
            await self._end_look_up()
            work = self._answer(request, self._services)
            self._look_up = asyncio.create_task(work, name=f"look-up:{self._interaction_id}")
        else:
            await self._answer(request, self._services)

    async def close(self) -> None:
        """The call is over: nothing more is told."""
        await self._end_look_up()
        if self._services is not None:
            await self._services.voicemails.drop(self._interaction_id)

    async def _end_look_up(self) -> None:
        task, self._look_up = self._look_up, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _answer(self, request: IvrRequest, services: IvrServices) -> None:
        try:
            answer = await self._do(request, services)
        except RequestError as error:
            log.info("ivr_request_failed", request=type(request).__name__, reason=error.reason)
            answer = RequestFailed(request.request_id, error.reason)
        except TimeoutError:
            log.warning("ivr_request_failed", request=type(request).__name__, reason="timeout")
            answer = RequestFailed(request.request_id, "timeout")
        except Exception:
            # A fault behind a port must not end the call: the flow has a way out for this.
            log.exception("ivr_request_fault", request=type(request).__name__)
            answer = RequestFailed(request.request_id, "fault")
        if answer is not None:
            self._tell(answer)

    async def _do(self, request: IvrRequest, services: IvrServices) -> IvrAnswer | None:
        match request:
            case LookUp(request_id):
                return LookedUp(request_id, await services.look_ups.get(request))
            case RequestCallback(request_id):
                async with asyncio.timeout(KEEP_TIMEOUT_S):
                    await services.callbacks.requested(self._interaction_id, request)
                return RequestKept(request_id)
            case Record(request_id):
                await services.voicemails.begin(
                    self._interaction_id, self._leg_id, request, lambda: self._tell(CallerSilent(request_id))
                )
                return None
            case KeepMessage(request_id):
                async with asyncio.timeout(KEEP_TIMEOUT_S):
                    await services.voicemails.keep(self._interaction_id, request)
                return RequestKept(request_id)
            case _:
                assert_never(request)
