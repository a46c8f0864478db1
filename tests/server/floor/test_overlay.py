"""The overlay over a site: read as files are, current for those who wait, there again after a restart."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.calendar import Calendar
from config.policy import site_policy
from records.audit import Audit
from records.database import Database
from records.overlay import OverlayConflictError, OverlayStore
from router.events import Event, PolicyChanged
from server.floor.overlay import Author, Overlay, RulesProblem, UnknownSubjectError
from tests.databases import migrated
from tests.server.sites import ORDERS, agent, small_site

NOON = 1_767_787_200_000_000  # Wednesday, 2026-01-07 12:00 UTC
HOUR = 3_600_000_000
SAM = Author(account="sam", role="supervisor", at=1, comment="busy", teams=("line1",))


class Heard:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def tell(self, event: Event, cause: str) -> None:
        self.events.append(event)

    async def drain(self) -> None:
        return


@pytest.fixture
async def database(tmp_path: Path) -> Any:
    opened = await migrated(tmp_path / "records.sqlite")
    yield opened
    await opened.close()


async def opened(database: Database, **site: Any) -> tuple[Overlay, Heard]:
    overlay, heard = Overlay(small_site(**site), OverlayStore(database), lambda: NOON), Heard()
    await overlay.load()
    overlay.attach(heard)
    return overlay, heard


async def test_an_edit_becomes_the_policy_and_survives(database: Database) -> None:
    overlay, heard = await opened(database)
    before = site_policy(overlay.site).version
    await overlay.edit("agent:anna", {"skills": {"english": 9}}, 0, SAM)
    await overlay.edit("agent:anna", {"capacity": {"voice": 1, "chat": 2, "total": 3}}, 1, SAM)
    await overlay.edit("queue:orders", {"priority": 7, "wrap_up_s": 1.5}, 0, SAM)
    (*_, last) = heard.events
    assert isinstance(last, PolicyChanged)
    assert last.policy.agents["anna"].skills == {"english": 9}
    assert last.policy.agents["anna"].total_units == 3
    assert (last.policy.queues["orders"].priority, last.policy.queues["orders"].wrap_up_us) == (7, 1_500_000)
    assert last.policy.version != before
    again, _ = await opened(database)
    assert again.version == 3
    assert site_policy(again.site) == last.policy
    entry = (await Audit(database).page(1))[0]
    assert (entry.subject, entry.by, entry.comment) == ("queue:orders", "sam", "busy")
    assert (entry.before, entry.after) == ({"priority": 0, "wrap_up_s": 60.0}, {"priority": 7, "wrap_up_s": 1.5})


async def test_none_goes_back_to_the_files(database: Database) -> None:
    overlay, _ = await opened(database)
    version = site_policy(overlay.site).version
    await overlay.edit("agent:anna", {"skills": {"english": 9}}, 0, SAM)
    await overlay.edit("agent:anna", {"skills": None}, 1, SAM)
    assert site_policy(overlay.site).version == version
    assert overlay.patch("agent:anna") == {}


@pytest.mark.parametrize(
    ("subject", "changes", "path"),
    [
        ("agent:anna", {"skills": {"dutch": 3}}, "skills.dutch"),
        ("agent:anna", {"skills": {"english": 11}}, "skills.english"),
        ("agent:anna", {"team": "nobody"}, "team"),
        ("agent:anna", {"capacity": {"voice": 1, "total": 0}}, "capacity.total"),
        ("queue:orders", {"offer_timeout_s": 0}, "offer_timeout_s"),
        ("queue:orders", {"teams": ["nobody"]}, "teams[0]"),
        ("queue:orders", {"service_level": {"threshold_s": 5, "fraction": 2}}, "service_level.fraction"),
    ],
)
async def test_mistakes_are_those_of_the_files(
    database: Database, subject: str, changes: dict[str, Any], path: str
) -> None:
    overlay, heard = await opened(database)
    with pytest.raises(RulesProblem) as caught:
        await overlay.edit(subject, changes, 0, SAM)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert heard.events == []
    assert overlay.version == 0


async def test_unknown_subjects(database: Database) -> None:
    overlay, _ = await opened(database)
    for subject in ("agent:nobody", "queue:nowhere", "team:line1"):
        with pytest.raises(UnknownSubjectError):
            await overlay.edit(subject, {"team": "line1"}, 0, SAM)


async def test_the_second_writer_is_told(database: Database) -> None:
    overlay, heard = await opened(database)
    results = await asyncio.gather(
        overlay.edit("agent:anna", {"skills": {"english": 2}}, 0, SAM),
        overlay.edit("agent:anna", {"skills": {"english": 3}}, 0, SAM),
        return_exceptions=True,
    )
    assert sum(isinstance(result, OverlayConflictError) for result in results) == 1
    assert len(heard.events) == 1


async def test_patches_that_newer_files_do_not_know_are_left_out(database: Database) -> None:
    overlay, _ = await opened(database, agents={"anna": agent("anna"), "ben": agent("ben")})
    await overlay.edit("agent:ben", {"skills": {"english": 2}}, 0, SAM)
    await overlay.edit("agent:anna", {"skills": {"english": 3}}, 0, SAM)
    again, heard = await opened(database)
    assert again.site.agents["anna"].skills == {"english": 3}
    seen: list[object] = []
    again.current.on_change(seen.append)
    await again.rebase(small_site(agents={"anna": agent("anna", capacity={"voice": 2}, total_units=2)}))
    assert again.site.agents["anna"].capacity == {"voice": 2}
    assert again.site.agents["anna"].skills == {"english": 3}
    assert isinstance(heard.events[0], PolicyChanged)
    assert seen == [again.site]


async def test_queues_open_and_close_by_their_hours_and_supervisors_over_them(database: Database) -> None:
    office = Calendar("office", "Office", "UTC", (((9 * 60, 17 * 60),),) * 7)
    site = small_site(queue=replace(ORDERS, hours="office"), calendars={"office": office})
    clock = [NOON]
    overlay, heard = Overlay(site, OverlayStore(database), lambda: clock[0]), Heard()
    opened_version = (await overlay.load()).version
    overlay.attach(heard)

    def told() -> list[tuple[bool, str]]:
        events = [event for event in heard.events if isinstance(event, PolicyChanged)]
        return [(event.policy.queues["orders"].closed, event.policy.version) for event in events]

    await overlay.look_at_the_clock()
    assert told() == []
    clock[0] += 5 * HOUR
    await overlay.look_at_the_clock()
    await overlay.look_at_the_clock()
    ((closed, closed_version),) = told()
    assert closed
    clock[0] += 16 * HOUR
    await overlay.look_at_the_clock()
    assert told()[1:] == [(False, opened_version)]
    await overlay.edit("queue:orders", {"opening": "closed"}, 0, SAM)
    assert told()[2][0]
    await overlay.edit("queue:orders", {"opening": None}, 1, SAM)
    assert told()[3:] == [(False, opened_version)]
    # After a restart it is what the clock and the edits say.
    clock[0] += 8 * HOUR
    again = Overlay(site, OverlayStore(database), lambda: clock[0])
    assert (await again.load()).version == closed_version


async def test_two_edits_cannot_send_work_in_a_circle(database: Database) -> None:
    site = replace(small_site(), queues={"orders": ORDERS, "general": replace(ORDERS, name="general")})
    overlay = Overlay(site, OverlayStore(database), lambda: NOON)
    await overlay.load()
    await overlay.edit("queue:orders", {"max_waiting": 3, "when_full": {"queue": "general"}}, 0, SAM)
    with pytest.raises(RulesProblem, match="leads in a circle"):
        await overlay.edit("queue:general", {"max_waiting": 3, "when_full": {"queue": "orders"}}, 1, SAM)
