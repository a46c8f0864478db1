"""Links of wallboards: hashed, audited, gone when revoked."""

from sqlalchemy import select

from records.audit import Audit
from records.database import Database
from records.tables import wallboards
from records.wallboards import PREFIX, Changer, WallboardLink, Wallboards

SUE = Changer("sue", "supervisor", 5)


async def test_a_link_is_found_by_its_token_of_which_only_the_hash_is_kept(database: Database) -> None:
    store = Wallboards(database)
    link, token = await store.make("Hall", ["first"], ["orders"], SUE)
    assert token.startswith(PREFIX)
    assert link == WallboardLink(link.id, "Hall", ("first",), ("orders",), 5, "sue")
    assert await store.find(token) == link
    assert await store.find(PREFIX + "other") is None
    assert await store.find("other") is None
    async with database.read() as connection:
        kept = (await connection.execute(select(wallboards))).one()
    assert token.removeprefix(PREFIX) not in str(kept)


async def test_names_and_the_end_of_a_link_are_in_the_audit_log(database: Database) -> None:
    store = Wallboards(database)
    link, token = await store.make("Hall", ["first"], [], SUE)
    other, _ = await store.make("Office", [], ["orders"], SUE)
    assert await store.rename(link, "Big hall", SUE)
    assert [one.name for one in await store.list()] == ["Big hall", "Office"]
    (renamed, _) = await store.list()
    assert await store.revoke(renamed, SUE)
    assert not await store.revoke(renamed, SUE)
    assert not await store.rename(renamed, "Gone", SUE)
    assert await store.list() == (other,)
    assert await store.find(token) is None
    told = [(entry.action, entry.before, entry.after) for entry in await Audit(database).page(10)]
    hall, big = ({"name": name, "teams": ["first"], "queues": []} for name in ("Hall", "Big hall"))
    assert told == [
        ("revoke_wallboard", big, {}),
        ("name_wallboard", {"name": "Hall"}, {"name": "Big hall"}),
        ("make_wallboard", {}, {"name": "Office", "teams": [], "queues": ["orders"]}),
        ("make_wallboard", {}, hall),
    ]
    assert [entry.subject for entry in await Audit(database).page(10, teams=["first"])] == [f"wallboard:{link.id}"] * 3
