"""Accounts and phone secrets at the start."""

import pytest

from records.accounts import Account, Accounts, Role
from records.database import Database
from records.phones import Phones, phone_secret
from server.current import CurrentSite
from server.web.people import People, role_of
from tests.server.house import CHEAP
from tests.server.sites import agent, small_site

SITE = small_site(
    {
        "anna": agent("anna"),
        "ben": agent("ben", station="sip", sip_user="2001"),
        "sue": agent("sue", role="supervisor"),
    },
    demo_password="demo-secret",
)


def people(database: Database, *, serve_demo: bool = True, demo: bool = True) -> People:
    site = SITE if demo else small_site(dict(SITE.agents))
    return People(CurrentSite(site), Accounts(database, CHEAP), Phones(database), "jackfield", serve_demo=serve_demo)


async def test_a_demo_has_an_account_for_each_agent(database: Database) -> None:
    await people(database).make_demo_accounts(SITE, 1)
    accounts = Accounts(database, CHEAP)
    assert await accounts.verify("anna", "demo-secret") == Account("anna", Role.AGENT, "anna")
    assert await accounts.verify("sue", "demo-secret") == Account("sue", Role.SUPERVISOR, "sue")


async def test_an_account_that_is_there_keeps_its_password(database: Database) -> None:
    accounts = Accounts(database, CHEAP)
    await accounts.set_password(Account("anna", Role.AGENT, "anna"), "her own password", 1)
    await people(database).make_demo_accounts(SITE, 2)
    assert await accounts.verify("anna", "her own password") is not None
    assert await accounts.verify("anna", "demo-secret") is None


@pytest.mark.parametrize(("serve_demo", "demo"), [(False, True), (True, False)])
async def test_off_loopback_and_without_a_demo_there_are_no_accounts(
    database: Database, serve_demo: bool, demo: bool
) -> None:
    made = people(database, serve_demo=serve_demo, demo=demo)
    site = SITE if demo else small_site(dict(SITE.agents))
    await made.make_demo_accounts(site, 1)
    assert await Accounts(database, CHEAP).get("anna") is None
    assert await made.phone_secrets(site) == {}


def test_the_public_password_opens_nothing_off_loopback(database: Database) -> None:
    assert people(database).login_allowed("demo-secret")
    away = people(database, serve_demo=False)
    assert not away.login_allowed("demo-secret")
    assert away.login_allowed("her own password")
    assert people(database, demo=False).login_allowed("demo-secret"), "no demo: an ordinary password"


async def test_phones_have_their_own_secret_or_the_demos(database: Database) -> None:
    assert await people(database).phone_secrets(SITE) == {"2001": phone_secret("2001", "jackfield", "demo-secret")}
    await Phones(database).set_password("2001", "jackfield", "its own secret")
    own = {"2001": phone_secret("2001", "jackfield", "its own secret")}
    assert await people(database).phone_secrets(SITE) == own
    assert await people(database, serve_demo=False).phone_secrets(SITE) == own


@pytest.mark.parametrize(
    ("role", "account"),
    [
        ("agent", Role.AGENT),
        ("supervisor", Role.SUPERVISOR),
        ("operations", Role.ADMINISTRATOR),
        ("unheard of", Role.AGENT),
    ],
)
def test_roles(role: str, account: Role) -> None:
    assert role_of(role) is account
