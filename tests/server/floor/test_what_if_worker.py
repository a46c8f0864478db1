"""The process that plays it: its lines, and that it ends with who asked."""

import asyncio
import io
import sys

import msgspec
from msgspec.structs import replace

from http_api.what_if_messages import Compared
from router.vocabulary import Presence
from server.floor.what_if_worker import Question, answer, encode, read, with_presences
from simulator.moment import TeamBasis
from store.codec import encode_row
from store.segment import RawImage
from tests.simulator.models import SECOND
from tests.simulator.test_moment import HORIZON, NOW, basis
from tests.simulator.test_paired import HELPED, IMAGE, RULES


def question(limit_s: float = 0.0) -> Question:
    rows = RawImage("now", 1, NOW, tuple(encode_row(row) for row in IMAGE.agents), (), ())
    teams = tuple(TeamBasis(team=name, ring_us=2 * SECOND) for name in ("agents", "others"))
    return Question(
        rows,
        encode_row(RULES),
        encode_row(HELPED),
        {},
        (basis(90.0, patience_us=300 * SECOND),),
        teams,
        ("calls",),
        ("others",),
        HORIZON,
        limit_s,
        7,
    )


async def worker() -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.floor.what_if_worker"), stdin=pipe, stdout=pipe, stderr=pipe
    )


def test_a_question_goes_over_the_pipe() -> None:
    assert read(io.BytesIO(encode(question()))) == question()


def test_the_last_line_is_done_and_tells_only_what_was_asked() -> None:
    (line,) = answer(question())
    assert (line.done, line.pairs) == (True, 1)
    assert ([one.queue for one in line.queues], [one.team for one in line.teams]) == (["calls"], ["others"])
    level = line.queues[0].level
    assert level.before.value is not None
    assert 0 <= level.before.value <= 1
    assert level.difference.low is None
    assert line.queues[0].wait_us.before.value is not None
    assert line.queues[0].wait_us.before.value > SECOND, "microseconds"


def test_other_presences() -> None:
    changed = with_presences(IMAGE, {"others-001": "not_ready"})
    rows = {row.agent_id: row.presence for row in changed.agents}
    assert rows["others-001"] is Presence.NOT_READY
    assert rows["others-000"] is Presence.READY
    assert replace(changed, agents=IMAGE.agents) == IMAGE


async def test_lines_come_as_it_works_and_it_ends_with_who_asked() -> None:
    process = await worker()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(encode(question(60.0)))
    first = msgspec.json.decode(await process.stdout.readline(), type=Compared)
    assert (first.pairs, first.done) == (2, False)
    second = msgspec.json.decode(await process.stdout.readline(), type=Compared)
    assert second.pairs > first.pairs
    process.stdin.close()
    async with asyncio.timeout(30):
        assert await process.wait() == 0


async def test_rows_of_another_version_are_a_fault() -> None:
    process = await worker()
    broken = msgspec.structs.replace(question(), before=b"\xff")
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdin.write(encode(broken))
    assert await process.stdout.read() == b""
    assert await process.stderr.read()
    assert await process.wait() == 2
