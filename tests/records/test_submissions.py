"""A repeated request gives the first one's ids; the same key with another request is refused."""

import asyncio
from dataclasses import replace

import pytest

from records.database import Database
from records.submissions import OtherBodyError, Submission, Submissions, body_hash

ONE = Submission(
    work_id="w1", interaction_id="i1", submitter="key:crm", idempotency_key="k1", body_hash=body_hash(b"{}"), at=1
)


async def test_a_repeat_gives_the_first(database: Database) -> None:
    submissions = Submissions(database)
    again = replace(ONE, work_id="w2", interaction_id="i2")
    found = await asyncio.gather(submissions.begin(ONE), submissions.begin(again))
    assert found[0] == found[1]
    await submissions.confirm(found[0].work_id)
    assert (await submissions.begin(again)).queued


async def test_another_body_another_key_or_another_program(database: Database) -> None:
    submissions = Submissions(database)
    await submissions.begin(ONE)
    with pytest.raises(OtherBodyError):
        await submissions.begin(replace(ONE, work_id="w2", body_hash=body_hash(b"[]")))
    others = [
        replace(ONE, work_id="w3", idempotency_key="k2"),
        replace(ONE, work_id="w4", submitter="key:shop"),
        replace(ONE, work_id="w5", idempotency_key=None),
        replace(ONE, work_id="w6", idempotency_key=None),
    ]
    for each in others:
        assert await submissions.begin(each) == each
    assert await submissions.of_work("w4") == others[1]
    assert await submissions.of_work("w9") is None
