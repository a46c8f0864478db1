"""What a flow asks for is done by whoever the server gives, and always answered."""

import asyncio
from collections.abc import Callable

import pytest

from ivr.commands import (
    CallerSilent,
    IvrAnswer,
    KeepMessage,
    LookedUp,
    LookUp,
    Record,
    RequestCallback,
    RequestFailed,
    RequestKept,
)
from voice import requests
from voice.requests import IvrServices, RequestError, Requests

LOOK_UP = LookUp(1, "shop", "state", {"order": "1"}, 1_000_000)
CALLBACK = RequestCallback(2, "orders", "12345", (), (), "en")
KEEP = KeepMessage(3, "orders", (), (), "en")
RECORD = Record(3, 5, KEEP)


class Services:
    """All three ports; each may be told to fail or to wait."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked: list[object] = []
        self.silent: Callable[[], None] = lambda: None

    async def _do(self, what: object) -> None:
        self.asked.append(what)
        await self.gate.wait()
        if self.error is not None:
            raise self.error

    async def get(self, request: LookUp) -> object:
        await self._do(request)
        return {"a": 1}

    async def requested(self, interaction_id: str, request: RequestCallback) -> None:
        await self._do((interaction_id, request))

    async def begin(self, interaction_id: str, leg_id: str, request: Record, silent: Callable[[], None]) -> None:
        self.silent = silent
        await self._do((interaction_id, leg_id, request))

    async def keep(self, interaction_id: str, request: KeepMessage) -> None:
        await self._do((interaction_id, request))

    async def drop(self, interaction_id: str) -> None:
        self.asked.append(f"drop {interaction_id}")


class Call:
    def __init__(self, *, available: bool = True) -> None:
        self.services = Services()
        self.told: list[IvrAnswer] = []
        services = IvrServices(self.services, self.services, self.services) if available else None
        self.requests = Requests("i1", "caller:i1", services, self.told.append)

    async def looked_up(self) -> None:
        task = self.requests._look_up
        assert task is not None
        await task


async def test_each_request_goes_to_its_port_and_is_answered() -> None:
    call = Call()
    await call.requests.begin(LOOK_UP)
    await call.looked_up()
    for request in (CALLBACK, RECORD, KEEP):
        await call.requests.begin(request)
    assert call.services.asked == [LOOK_UP, ("i1", CALLBACK), ("i1", "caller:i1", RECORD), ("i1", KEEP)]
    assert call.told == [LookedUp(1, {"a": 1}), RequestKept(2), RequestKept(3)]
    call.services.silent()
    assert call.told[-1] == CallerSilent(3)


@pytest.mark.parametrize(
    ("error", "reason"), [(RequestError("http_500"), "http_500"), (TimeoutError(), "timeout"), (KeyError("x"), "fault")]
)
async def test_whatever_goes_wrong_is_told_in_a_word(error: Exception, reason: str) -> None:
    call = Call()
    call.services.error = error
    await call.requests.begin(LOOK_UP)
    await call.looked_up()
    for request in (CALLBACK, RECORD, KEEP):
        await call.requests.begin(request)
    assert call.told == [RequestFailed(number, reason) for number in (1, 2, 3, 3)]


async def test_a_look_up_does_not_hold_up_the_call_and_ends_with_it() -> None:
    call = Call()
    call.services.gate.clear()
    await call.requests.begin(LOOK_UP)
    task = call.requests._look_up
    assert task is not None
    await call.requests.close()
    assert task.cancelled()
    assert call.told == []
    assert call.services.asked[-1] == "drop i1"


async def test_a_later_look_up_takes_the_place_of_an_earlier_one() -> None:
    call = Call()
    call.services.gate.clear()
    await call.requests.begin(LOOK_UP)
    first = call.requests._look_up
    await call.requests.begin(LookUp(4, "shop", "", {}, 1))
    assert first is not None
    assert first.cancelled()
    call.services.gate.set()
    await call.looked_up()
    assert call.told == [LookedUp(4, {"a": 1})]


async def test_a_store_that_hangs_does_not_hold_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "KEEP_TIMEOUT_S", 0.01)
    call = Call()
    call.services.gate.clear()
    await call.requests.begin(CALLBACK)
    assert call.told == [RequestFailed(2, "timeout")]


async def test_without_services_the_flow_takes_its_fallback() -> None:
    call = Call(available=False)
    for request in (LOOK_UP, CALLBACK, RECORD, KEEP):
        await call.requests.begin(request)
    assert {answer.reason for answer in call.told if isinstance(answer, RequestFailed)} == {"not_available"}
    assert len(call.told) == 4
    await call.requests.close()
