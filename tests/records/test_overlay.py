"""Overlay versions: one subject's second writer is told, different subjects do not disturb each other."""

import asyncio

import pytest

from records.audit import Audit, Intervention
from records.database import Database
from records.overlay import Edit, OverlayConflictError, OverlayStore, OverlayVersion, Patch, Signature


def edit(subject: str, based_on: int | None, patch: Patch, by: str = "sam") -> tuple[list[Edit], Signature]:
    made = Edit(subject=subject, based_on=based_on, make=lambda before: {**before, **patch})
    return [made], signature(by)


def signature(by: str = "sam", at: int = 7) -> Signature:
    def record(versions: tuple[OverlayVersion, ...]) -> Intervention:
        first = versions[0]
        return Intervention(
            at=at, by=by, role="supervisor", action="set", subject=first.subject, before=first.before, after=first.after
        )

    return Signature(at=at, by=by, comment="", record=record)


async def test_patches_gather_and_survive(database: Database) -> None:
    store = OverlayStore(database)
    assert await store.current() == (0, {})
    (first,) = (await store.edit(*edit("agent:anna", 0, {"team": "second"}))).versions
    (second,) = (await store.edit(*edit("agent:anna", first.version, {"skills": {"english": 3}}))).versions
    await store.edit(*edit("queue:orders", 0, {"priority": 4}))
    assert (second.before, second.after) == ({"team": "second"}, {"team": "second", "skills": {"english": 3}})
    patches = {"agent:anna": {"team": "second", "skills": {"english": 3}}, "queue:orders": {"priority": 4}}
    assert await OverlayStore(database).current() == (3, patches)
    assert [each.version for each in await store.newest("agent:anna", 9)] == [1, 2]
    assert [each.version for each in await store.newest("agent:anna", 1)] == [2]
    assert [each.version for each in await store.since("agent:anna", 1)] == [2]
    assert [entry.subject for entry in await Audit(database).page(9)] == ["queue:orders", "agent:anna", "agent:anna"]


async def test_the_second_writer_is_told_and_nothing_is_kept(database: Database) -> None:
    store = OverlayStore(database)
    await store.edit(*edit("agent:anna", 0, {"team": "a"}))
    done = await asyncio.gather(
        store.edit(*edit("agent:anna", 1, {"team": "b"}, "bea")),
        store.edit(*edit("agent:anna", 1, {"team": "c"}, "cai")),
        return_exceptions=True,
    )
    (lost,) = [each for each in done if isinstance(each, OverlayConflictError)]
    (won,) = [each for each in done if not isinstance(each, BaseException)]
    assert lost.changes == won.versions
    assert (await store.current())[0] == 2
    assert len(await Audit(database).page(9)) == 2


async def test_an_edit_that_is_refused_leaves_nothing(database: Database) -> None:
    def refuse(_before: Patch) -> Patch:
        raise ValueError("no")

    store = OverlayStore(database)
    with pytest.raises(ValueError, match="no"):
        await store.edit([Edit(subject="agent:anna", based_on=0, make=refuse)], signature())
    assert await store.current() == (0, {})
    assert await Audit(database).page(9) == ()


async def test_an_empty_patch_means_the_files_again(database: Database) -> None:
    store = OverlayStore(database)
    await store.edit(*edit("agent:anna", 0, {"team": "a"}))
    await store.edit([Edit(subject="agent:anna", based_on=1, make=lambda _: {})], signature())
    assert await store.current() == (2, {})


async def test_several_subjects_are_one_edit(database: Database) -> None:
    store = OverlayStore(database)
    edits = [*edit("agent:anna", 0, {"team": "a"})[0], *edit("queue:orders", None, {"priority": 4})[0]]
    done = await store.edit(edits, signature("sam", at=9))
    assert [(each.version, each.subject) for each in done.versions] == [(1, "agent:anna"), (2, "queue:orders")]
    assert done.entry == 1
    assert await store.made_at(9, "sam") == done.versions
    assert await store.made_at(9, "bea") == ()
    with pytest.raises(OverlayConflictError):
        await store.edit(
            [*edit("agent:ben", 2, {"team": "a"})[0], *edit("agent:anna", 0, {"team": "b"})[0]], signature()
        )
    assert (await store.current())[0] == 2
