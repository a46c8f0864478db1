"""Sessions."""

import asyncio

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from records.accounts import Account, Accounts, Role
from records.database import Database
from records.sessions import Caller, Sessions, SignIn
from records.tables import accounts, sessions

CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
ANNA = Account("anna", Role.AGENT, "agent-anna")


@pytest.fixture
async def kept(database: Database) -> Sessions:
    await Accounts(database, CHEAP).set_password(ANNA, "secret", 1)
    return Sessions(database, lifetime_us=100)


async def test_a_token_finds_its_account_until_it_expires(kept: Sessions) -> None:
    opened = await kept.open(ANNA, 1000)
    assert opened.caller == Caller("anna", Role.AGENT, "agent-anna", 1100)
    assert await kept.find(opened.token, 1099) == opened.caller
    assert await kept.find(opened.token, 1100) is None
    assert await kept.find("guess", 1000) is None


async def test_many_who_ask_at_once_are_each_told_their_own(kept: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.sessions.AT_ONCE", 3)
    opened = [await kept.open(ANNA, 1000 + number) for number in range(8)]
    found = await asyncio.gather(*(kept.find(each.token, 1050) for each in opened), kept.find("guess", 1050))
    assert found == [*(each.caller for each in opened), None]


async def test_a_look_up_that_fails_fails_for_each_and_the_next_one_works(
    kept: Sessions, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await kept.open(ANNA, 1000)
    with monkeypatch.context() as broken:
        broken.setattr("records.sessions._FIND", text("SELECT nonsense FROM nowhere WHERE 0 = :hashes"))
        answers = await asyncio.gather(*(kept.find(opened.token, 1050) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(answer, SQLAlchemyError) for answer in answers), answers
    assert await kept.find(opened.token, 1050) == opened.caller


async def test_who_gives_up_spoils_nobody_elses_look_up(kept: Sessions) -> None:
    opened = await kept.open(ANNA, 1000)
    hasty, patient = (asyncio.create_task(kept.find(opened.token, 1050)) for _ in range(2))
    await asyncio.sleep(0)
    hasty.cancel()
    assert await patient == opened.caller


async def test_the_token_has_256_bits_and_is_not_kept(kept: Sessions, database: Database) -> None:
    opened = await kept.open(ANNA, 1000)
    assert len(opened.token) == 43  # 32 bytes, base64 without padding
    async with database.read() as connection:
        stored = (await connection.execute(select(sessions.c.token_hash))).scalars().all()
    assert opened.token not in stored
    assert await kept.find(stored[0], 1000) is None


async def test_revoke_ends_one_session(kept: Sessions) -> None:
    first, second = await kept.open(ANNA, 1000), await kept.open(ANNA, 1000)
    await kept.revoke(first.token)
    await kept.revoke("unknown")
    assert await kept.find(first.token, 1001) is None
    assert await kept.find(second.token, 1001) is not None


async def test_expired_sessions_are_swept_out(kept: Sessions, database: Database) -> None:
    await kept.open(ANNA, 1000)
    await kept.open(ANNA, 2000)
    async with database.read() as connection:
        assert len((await connection.execute(select(sessions))).all()) == 1


async def test_a_changed_role_holds_at_once(kept: Sessions, database: Database) -> None:
    token = (await kept.open(ANNA, 1000)).token
    async with database.write() as connection:
        await connection.execute(accounts.update().values(role="supervisor"))
    found = await kept.find(token, 1001)
    assert found is not None
    assert found.role is Role.SUPERVISOR


async def test_sign_in_and_out(kept: Sessions, database: Database) -> None:
    door = SignIn(Accounts(database, CHEAP), kept)
    assert await door.sign_in("anna", "wrong", 1000) is None
    opened = await door.sign_in("anna", "secret", 1000)
    assert opened is not None
    assert await door.authenticate(opened.token, 1001) == opened.caller
    await door.sign_out(opened.token)
    assert await door.authenticate(opened.token, 1001) is None
