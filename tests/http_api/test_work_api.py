"""Work from programs."""

from typing import Any

import pytest

from http_api.supervision_api import Refused
from tests.http_api.conftest import Site

WORK = {"medium": "email", "queue": "mail", "channel": "mailbox", "requirements": {"english": 3}}


async def test_a_program_brings_work_in(site: Site) -> None:
    answer = await site.send("crm", "POST", "/api/v1/work", WORK, **{"Idempotency-Key": "k1"})
    assert answer == (201, {"work_id": "api-1", "interaction_id": "i9"})
    (word, account, work, key) = site.asked.calls[0]
    assert (word, account, work.requirements, key) == ("submit", "key:crm", {"english": 3}, "k1")


@pytest.mark.parametrize("account", ["anna", "sam", "ada"])
async def test_people_do_not(site: Site, account: str) -> None:
    assert (await site.send(account, "POST", "/api/v1/work", WORK))[0] == 403


@pytest.mark.parametrize(
    "change",
    [{"medium": "voice"}, {"queue": ""}, {"requirements": {"english": 11}}, {"priority": -1}, {"colour": "red"}],
)
async def test_what_does_not_fit(site: Site, change: dict[str, Any]) -> None:
    assert (await site.send("crm", "POST", "/api/v1/work", {**WORK, **change}))[0] == 400


async def test_refused(site: Site) -> None:
    site.asked.refusal = Refused("unknown_queue", "there is none")
    status, answer = await site.send("crm", "POST", "/api/v1/work", WORK)
    assert (status, answer["type"]) == (422, "urn:jackfield:problem:unknown-queue")
    assert (await site.send("crm", "POST", "/api/v1/work", WORK, **{"Idempotency-Key": "k" * 256}))[0] == 400
