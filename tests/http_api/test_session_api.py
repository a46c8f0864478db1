"""Signing in and out."""

from sqlalchemy import select

from http_api.session_api import PERIOD_US, _address_key
from records.tables import sessions
from tests.http_api.conftest import LIFETIME_US, MakeSite, Site
from tests.records.turns import START


async def test_sign_in_gives_a_token_and_who_it_is(site: Site) -> None:
    answer = await site.sign_in("anna")
    assert answer.status == 201
    assert answer.headers["Cache-Control"] == "no-store"
    body = await answer.json()
    token = body.pop("token")
    assert len(token) == 43
    me = {"account": "anna", "role": "agent", "agent_id": "anna", "expires_at": START + LIFETIME_US}
    assert body == me
    assert await site.get("anna", "/api/v1/me") == (200, me)


async def test_wrong_password_and_unknown_account_look_alike(site: Site) -> None:
    wrong, unknown = await site.sign_in("anna", "wrong"), await site.sign_in("nobody", "wrong")
    assert (wrong.status, unknown.status) == (401, 401)
    first, second = await wrong.json(), await unknown.json()
    assert first.pop("instance") != second.pop("instance")
    assert first == second
    assert first["type"] == "urn:jackfield:problem:wrong-credentials"


async def test_sign_out_ends_this_session_only(site: Site) -> None:
    first, second = await site.token("anna"), await site.token("anna")
    out = await site.client.delete("/api/v1/session", headers={"Authorization": f"Bearer {first}"})
    assert (out.status, await out.read()) == (204, b"")
    for token, status in ((first, 401), (second, 200)):
        answer = await site.client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status == status


async def test_a_session_expires(site: Site) -> None:
    headers = {"Authorization": f"Bearer {await site.token('anna')}"}
    site.clock.advance(LIFETIME_US / 1e6 - 1)
    assert (await site.client.get("/api/v1/me", headers=headers)).status == 200
    site.clock.advance(1)
    assert (await site.client.get("/api/v1/me", headers=headers)).status == 401


async def test_attempts_on_an_account_are_limited_then_allowed_again(make_site: MakeSite) -> None:
    site = await make_site(account_attempts=3)
    for _ in range(3):
        assert (await site.sign_in("anna", "wrong")).status == 401
    refused = await site.sign_in("anna")
    assert refused.status == 429
    wait = int(refused.headers["Retry-After"])
    assert 0 < wait <= PERIOD_US / 1e6 / 3
    assert (await site.sign_in("dora")).status == 201
    site.clock.advance(wait)
    assert (await site.sign_in("anna")).status == 201


async def test_attempts_from_an_address_are_limited(make_site: MakeSite) -> None:
    site = await make_site(address_attempts=4)
    for number in range(4):
        assert (await site.sign_in(f"guess{number}", "wrong")).status == 401
    assert (await site.sign_in("anna")).status == 429


async def test_the_address_is_who_the_server_takes_it_for(make_site: MakeSite) -> None:
    """Behind a proxy all connections come from one address, and each client has its own limit all the same."""
    addresses = iter(["203.0.113.7", "203.0.113.7", "203.0.113.8"])
    site = await make_site(address_attempts=1, address_of=lambda _request: next(addresses))
    assert [(await site.sign_in(f"guess{number}", "wrong")).status for number in range(3)] == [401, 429, 401]


async def test_success_costs_nothing(make_site: MakeSite) -> None:
    """A whole team signs in behind one address at the beginning of its shift."""
    site = await make_site(account_attempts=2, address_attempts=2)
    for _ in range(6):
        assert (await site.sign_in("anna")).status == 201


async def test_bodies_that_do_not_fit(site: Site) -> None:
    for body, status in (
        (b"{", 400),
        (b'{"account": "anna"}', 400),
        (b'{"account": 5, "password": "x"}', 400),
        (b'{"account": "", "password": "x"}', 400),
        (b'{"account": "anna", "password": "x", "extra": 1}', 400),
        (b'{"account": "' + b"a" * 65 + b'", "password": "x"}', 400),
        (b'{"account": "anna", "password": "' + b"x" * 70_000 + b'"}', 413),
    ):
        answer = await site.client.post("/api/v1/session", data=body, headers={"Content-Type": "application/json"})
        assert (answer.status, answer.content_type) == (status, "application/problem+json")
    form = await site.client.post("/api/v1/session", data={"account": "anna", "password": "x"})
    assert form.status == 415
    async with site.database.read() as connection:
        assert (await connection.execute(select(sessions))).all() == []


def test_addresses_that_count_as_one() -> None:
    assert _address_key("2001:db8::1") == _address_key("2001:db8::ffff:1") != _address_key("2001:db8:0:1::1")
    assert _address_key("192.0.2.1") != _address_key("192.0.2.2")
    assert _address_key("") == "unknown"
