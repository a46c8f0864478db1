"""Overlay versions: one subject's second writer is told, different subjects do not disturb each other."""

import asyncio

import pytest

from records.audit import Audit, Intervention
from records.database import Database
from records.overlay import Edit, OverlayConflictError, OverlayStore, Patch


def edit(subject: str, based_on: int, patch: Patch, by: str = "sam") -> Edit:
    def record(before: Patch, after: Patch) -> Intervention:
        return Intervention(
            at=based_on, by=by, role="supervisor", action="set", subject=subject, before=before, after=after
        )

    return Edit(
        subject=subject,
        based_on=based_on,
        at=7,
        by=by,
        comment="",
        make=lambda before: {**before, **patch},
        record=record,
    )


async def test_patches_gather_and_survive(database: Database) -> None:
    store = OverlayStore(database)
    assert await store.current() == (0, {})
    first = await store.edit(edit("agent:anna", 0, {"team": "second"}))
    second = await store.edit(edit("agent:anna", first.version, {"skills": {"english": 3}}))
    await store.edit(edit("queue:orders", 0, {"priority": 4}))
    assert (second.before, second.after) == ({"team": "second"}, {"team": "second", "skills": {"english": 3}})
    patches = {"agent:anna": {"team": "second", "skills": {"english": 3}}, "queue:orders": {"priority": 4}}
    assert await OverlayStore(database).current() == (3, patches)
    assert [each.version for each in await store.history("agent:anna")] == [1, 2]
    assert [entry.subject for entry in await Audit(database).page(9)] == ["queue:orders", "agent:anna", "agent:anna"]


async def test_the_second_writer_is_told_and_nothing_is_kept(database: Database) -> None:
    store = OverlayStore(database)
    await store.edit(edit("agent:anna", 0, {"team": "a"}))
    done = await asyncio.gather(
        store.edit(edit("agent:anna", 1, {"team": "b"}, "bea")),
        store.edit(edit("agent:anna", 1, {"team": "c"}, "cai")),
        return_exceptions=True,
    )
    (lost,) = [each for each in done if isinstance(each, OverlayConflictError)]
    (won,) = [each for each in done if not isinstance(each, BaseException)]
    assert lost.changes == (won,)
    assert (await store.current())[0] == 2
    assert len(await Audit(database).page(9)) == 2


async def test_an_edit_that_is_refused_leaves_nothing(database: Database) -> None:
    def refuse(_before: Patch) -> Patch:
        raise ValueError("no")

    store = OverlayStore(database)
    wanted = edit("agent:anna", 0, {})
    with pytest.raises(ValueError, match="no"):
        await store.edit(
            Edit(subject="agent:anna", based_on=0, at=1, by="sam", comment="", make=refuse, record=wanted.record)
        )
    assert await store.current() == (0, {})
    assert await Audit(database).page(9) == ()


async def test_an_empty_patch_means_the_files_again(database: Database) -> None:
    store = OverlayStore(database)
    await store.edit(edit("agent:anna", 0, {"team": "a"}))
    back = edit("agent:anna", 1, {})
    await store.edit(
        Edit(subject="agent:anna", based_on=1, at=1, by="s", comment="", make=lambda _: {}, record=back.record)
    )
    assert await store.current() == (2, {})
