"""Trunks of the site: which may be called by, as whom, and the registrations that are kept."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from config.calls import CallsConfig, TrunkConfig
from config.site import Site
from server.calls.trunks import TrunkLines
from server.current import CurrentSite
from sip.events import CallFailed, CallReceived, PhoneRegistered
from tests.server.sites import small_site
from tests.sip.conftest import Desk, opened
from tests.sip.rig import SDP


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with opened() as made:
        yield made


@pytest.fixture
async def far() -> AsyncIterator[Desk]:
    """The carrier: it has an account 1001."""
    async with opened() as made:
        yield made


def site(**trunk: Any) -> Site:
    made = TrunkConfig("main", **trunk)
    return replace(small_site(), calls=CallsConfig(trunks={"main": made}))


def lines(desk: Desk, current: CurrentSite) -> TrunkLines:
    return TrunkLines(current, desk.ua, {"SECRET": "pw-1001"})


async def test_it_registers_and_follows_the_site(desk: Desk, far: Desk) -> None:
    current = CurrentSite(site(server=far.uri, user="1001", password_env="SECRET", register=True, domain="127.0.0.1"))
    trunks = lines(desk, current)
    trunks.follow(current.site)
    assert (await far.wait(PhoneRegistered)).user == "1001"
    trunks.follow(small_site())
    assert desk.ua._core.registrations == {}


async def test_an_address_that_cannot_be_used_stops_nobody(desk: Desk) -> None:
    current = CurrentSite(site(server="127.0.0.1", transport="tls", user="u", password_env="SECRET", register=True))
    lines(desk, current).follow(current.site)
    assert desk.ua._core.registrations == {}


async def test_a_number_is_called_as_the_trunk_knows_us(desk: Desk, far: Desk) -> None:
    current = CurrentSite(site(server=far.uri, domain="carrier.example", caller="4711", dial=("0755*",)))
    trunks = lines(desk, current)
    assert trunks.allows("0755123")
    assert not trunks.allows("110")
    trunks.dial("c1", "0755123", SDP)
    received = await far.wait(CallReceived)
    assert (received.to_user, received.from_user, received.from_host) == ("0755123", "4711", "carrier.example")
    far.ua.reject(received.call, 486)
    assert (await desk.wait(CallFailed)).code == 486


async def test_what_is_not_listed_never_leaves_the_house(desk: Desk, far: Desk) -> None:
    trunks = lines(desk, CurrentSite(site(server=far.uri)))
    refused: list[tuple[str, int, str]] = []
    trunks.refused = lambda call, code, reason: refused.append((call, code, reason))
    trunks.dial("c1", "0755123", SDP)
    assert [(call, code) for call, code, _ in refused] == [("c1", 403)]
    assert desk.ua.open_calls == 0
