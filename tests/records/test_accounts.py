"""Accounts and passwords."""

import asyncio
from typing import Literal

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from records.accounts import MAX_PASSWORD, Account, Accounts, Role
from records.database import Database
from records.sessions import Sessions
from records.tables import accounts

CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
ANNA = Account("anna", Role.AGENT, "anna")


async def stored_hash(database: Database) -> str:
    async with database.read() as connection:
        return str((await connection.execute(select(accounts.c.password_hash))).scalar_one())


async def test_right_and_wrong_passwords(database: Database) -> None:
    kept = Accounts(database, CHEAP)
    await kept.set_password(ANNA, "correct horse", 1)
    assert await kept.verify("anna", "correct horse") == ANNA
    assert await kept.verify("anna", "wrong") is None
    assert await kept.verify("Anna", "correct horse") is None
    assert await kept.verify("nobody", "correct horse") is None
    assert await kept.get("anna") == ANNA
    assert await kept.get("nobody") is None


async def test_the_hash_is_argon2id_and_holds_no_password(database: Database) -> None:
    await Accounts(database).set_password(ANNA, "correct horse", 1)
    hashed = await stored_hash(database)
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert "correct" not in hashed


async def test_a_new_password_ends_sessions_and_the_old_password(database: Database) -> None:
    kept, sessions = Accounts(database, CHEAP), Sessions(database)
    await kept.set_password(ANNA, "first", 1)
    token = (await sessions.open(ANNA, 1)).token
    await kept.set_password(Account("anna", Role.SUPERVISOR, None), "second", 2)
    assert await sessions.find(token, 3) is None
    assert await kept.verify("anna", "first") is None
    assert await kept.verify("anna", "second") == Account("anna", Role.SUPERVISOR, None)


async def test_a_hash_of_older_strength_is_made_anew(database: Database) -> None:
    await Accounts(database, CHEAP).set_password(ANNA, "secret", 1)
    weak = await stored_hash(database)
    stronger = Accounts(database, PasswordHasher(time_cost=2, memory_cost=64, parallelism=1))
    assert await stronger.verify("anna", "wrong") is None
    assert await stored_hash(database) == weak
    assert await stronger.verify("anna", "secret") == ANNA
    assert "t=2" in await stored_hash(database)
    assert await stronger.verify("anna", "secret") == ANNA


async def test_an_unknown_name_costs_as_much_as_a_wrong_password(database: Database) -> None:
    checked: list[str] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - argon2's name
            checked.append(str(hash).rsplit("$", 2)[0])
            return super().verify(hash, password)

    kept = Accounts(database, Watched(time_cost=1, memory_cost=64, parallelism=1))
    await kept.set_password(ANNA, "secret", 1)
    for name in ("anna", "nobody", "nobody"):
        assert await kept.verify(name, "wrong") is None
    assert checked == ["$argon2id$v=19$m=64,t=1,p=1"] * 3


async def test_the_loop_turns_while_passwords_are_hashed(database: Database) -> None:
    kept = Accounts(database)
    hashing = asyncio.create_task(kept.set_password(ANNA, "secret", 1), name="hashing")
    turns = 0
    while not hashing.done():
        turns += 1
        await asyncio.sleep(0)
    await hashing
    assert turns > 20


@pytest.mark.parametrize("password", ["", "x" * (MAX_PASSWORD + 1)])
async def test_passwords_have_a_length(database: Database, password: str) -> None:
    kept = Accounts(database, CHEAP)
    with pytest.raises(ValueError, match="characters"):
        await kept.set_password(ANNA, password, 1)
    assert await kept.verify("anna", password) is None


async def test_a_broken_hash_is_a_wrong_password(database: Database) -> None:
    kept = Accounts(database, CHEAP)
    await kept.set_password(ANNA, "secret", 1)
    async with database.write() as connection:
        await connection.execute(accounts.update().values(password_hash="broken"))
    assert await kept.verify("anna", "secret") is None
