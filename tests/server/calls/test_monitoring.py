"""Supervisors over the real parts, without HTTP: rooms, the audit log, and who may."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents_ws import messages as m
from records.accounts import Role
from records.audit import Audit
from records.roles import Scope
from records.sessions import Caller
from router.events import PresenceSet
from router.vocabulary import OfferState, Presence
from server.calls.monitoring import Monitoring
from server.clock import wall_us
from tests.server.house import House, built
from tests.server.sites import agent
from tests.waiting import until

SUE = Caller("sue", Role.SUPERVISOR, "sue", 2**60)
NOBODY = Caller("desk", Role.ADMINISTRATOR, None, 2**60)
TEAM = Scope(Role.SUPERVISOR, "sue", frozenset({"line1"}), frozenset({"anna", "sue"}))
ELSEWHERE = Scope(Role.SUPERVISOR, "tom", frozenset({"line2"}), frozenset({"tom"}))


class Watch:
    def __init__(self, house: House) -> None:
        self.house = house
        self.audit = Audit(house.database)
        self.monitoring = Monitoring(house.conductor.listening, house.desk.calls, house.pump, self.audit, wall_us)

    async def call(self) -> tuple[str, str, str]:
        """anna in a call: the caller's name of it, the reservation, the interaction."""
        call, reservation = await self.house.talking()
        ((interaction_id, _),) = self.house.desk.calls.live.all()
        return call, reservation, interaction_id

    async def kept(self) -> list[tuple[str, str]]:
        return [(entry.action, entry.subject) for entry in await self.audit.page(10)]


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    async with built(tmp_path, more_agents=[agent("sue", role="supervisor"), agent("tess", capacity={})]) as house:
        yield Watch(house)


async def code(asked: object) -> str | None:
    refused = await asked  # type: ignore[misc]
    return refused.code if refused else None


async def test_a_call_is_in_reach_of_those_who_look_after_its_agents(watch: Watch) -> None:
    call, _, interaction = await watch.call()
    assert watch.monitoring.covers(TEAM, interaction)
    assert not watch.monitoring.covers(ELSEWHERE, interaction)
    (live,) = watch.monitoring.live(TEAM)
    assert [party.kind for party in live.parties] == ["customer", "agent"]
    assert watch.monitoring.live(ELSEWHERE) == ()
    watch.house.outside.ua.hangup(call)
    await watch.house.empty()


async def test_without_a_voice_nobody_listens_and_nothing_is_kept(watch: Watch) -> None:
    call, _, interaction = await watch.call()
    monitoring = watch.monitoring
    assert await code(monitoring.listen(NOBODY, interaction, "listen", None, "")) == "not_an_agent"
    assert await code(monitoring.stop(NOBODY, interaction)) == "not_an_agent"
    assert await code(monitoring.take_over(NOBODY, interaction, "")) == "not_an_agent"
    tess = Caller("tess", Role.SUPERVISOR, "tess", 2**60)
    assert await code(monitoring.take_over(tess, interaction, "")) == "not_an_agent"
    assert await code(monitoring.listen(SUE, interaction, "listen", None, "")) == "no_leg"
    assert await code(monitoring.take_over(SUE, interaction, "")) == "no_leg"
    assert await watch.kept() == []
    watch.house.outside.ua.hangup(call)
    await watch.house.empty()


async def test_listening_is_kept_in_the_audit_log_and_shown_to_both(watch: Watch) -> None:
    house = watch.house
    call, _, interaction = await watch.call()
    await house.desk.connected("sue")
    await house.open_leg("sue")
    assert await code(watch.monitoring.listen(SUE, interaction, "listen", "anna", "")) is None
    assert await code(watch.monitoring.listen(SUE, interaction, "listen", "nobody", "")) == "not_connected"
    (shown,) = [one for one in house.hub.of(m.Call)[-1].parties if one.kind == "supervisor"]
    assert (shown.name, shown.mode) == ("Sue", "listen")
    snapshot = await house.desk.snapshot("sue")
    assert snapshot.listening is not None
    assert (snapshot.listening.interaction_id, snapshot.listening.mode) == (interaction, "listen")
    assert await watch.kept() == [("listen", f"call:{interaction}")]
    house.outside.ua.hangup(call)
    await until(lambda: house.hub.of(m.Listening, "sue")[-1].parties == (), "the end of it")
    assert (await house.desk.snapshot("sue")).listening is None
    await house.empty()


@pytest.mark.parametrize("ready", [True, False])
async def test_taking_over_needs_no_accept_and_leaves_presence_as_it_was(watch: Watch, ready: bool) -> None:
    house = watch.house
    call, reservation, interaction = await watch.call()
    await house.desk.connected("sue")
    await house.open_leg("sue")
    presence = Presence.READY if ready else Presence.NOT_READY
    await house.desk.set_presence("sue", presence.value, None if ready else "lunch")
    assert house.desk.calls.ask_supervisor("anna", reservation, on=True) is None
    before = len(house.turns)
    assert await code(watch.monitoring.take_over(SUE, interaction, "upset")) is None
    assert house.hub.of(m.Help, "sue")[-1].on is False
    taken = await house.offer("sue")
    await house.reach_state(taken.reservation_id, OfferState.CONNECTED)
    await house.reach_state(reservation, OfferState.WRAP_UP)
    row = house.pump.dispatcher.agent("sue")
    assert row is not None
    assert (row.presence, row.reason) == (presence, None if ready else "lunch")
    later = [turn.event for turn in house.turns[before:]]
    assert not any(isinstance(event, PresenceSet) for event in later), "they were not ready in between either"
    assert await watch.kept() == [("take_over", f"call:{interaction}")]
    house.outside.ua.hangup(call)
    await house.empty()
