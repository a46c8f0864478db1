"""Figures for those whom they concern, as JSON and as a file."""

import csv
import io
from datetime import date

import pytest

from http_api.statistics_api import StatisticsRow, Tally, share, statistics_row
from router.counters import NUMBERS, Counters
from tests.http_api.conftest import Site

URL = "/api/v1/statistics"


def test_every_counter_has_a_field() -> None:
    assert set(NUMBERS) < set(StatisticsRow.__struct_fields__)


@pytest.mark.parametrize(
    ("account", "by", "seen"),
    [
        ("anna", "queue", []),
        ("anna", "agent", ["anna"]),
        ("dora", "agent", ["dora"]),
        ("anna", "medium", []),
        ("sam", "queue", ["orders"]),
        ("sam", "agent", ["anna"]),
        ("sam", "medium", ["medium"]),
        ("ada", "queue", ["experts", "orders"]),
        ("ada", "agent", ["anna", "dora"]),
        ("ada", "channel", ["channel"]),
    ],
)
async def test_who_sees_whose(site: Site, account: str, by: str, seen: list[str]) -> None:
    status, body = await site.get(account, f"{URL}?by={by}")
    assert status == 200
    assert (body["by"], [row["name"] for row in body["rows"]]) == (by, seen)


async def test_programs_see_none(site: Site) -> None:
    assert (await site.send("crm", "GET", URL))[0] == 403


async def test_the_figures(site: Site) -> None:
    _, body = await site.get("sam", f"{URL}?period=week&date=2026-03-04&step=day&name=orders")
    assert site.figures.asked == [("queue", "week", date(2026, 3, 4), "day")]
    (row,) = body["rows"]
    assert (row["level_of_answered"], row["level_of_settled"], row["abandon_rate"]) == (0.5, 0.3333, 0.3333)
    assert (row["mean_wait_us"], row["mean_handle_us"], row["occupancy"]) == (15, 45, 0.75)


async def test_a_file(site: Site) -> None:
    headers = {"Authorization": f"Bearer {await site.token('ada')}"}
    async with site.client.get(f"{URL}?period=month&date=2026-03-04&format=csv", headers=headers) as answer:
        assert answer.content_type == "text/csv"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="queue-month-2026-03-04.csv"'
        rows = list(csv.DictReader(io.StringIO((await answer.read()).decode("utf-8-sig"))))
    assert [row["name"] for row in rows] == ["experts", "orders"]
    assert (rows[0]["answered"], rows[0]["level_of_settled"], rows[0]["wait_p50_us"]) == ("2", "0.3333", "")


@pytest.mark.parametrize(
    "query", ["by=room", "period=year", "step=2h", "date=yesterday", "date=9999-01-01", "format=xml", "step=5m"]
)
async def test_what_cannot_be_asked(site: Site, query: str) -> None:
    assert (await site.get("ada", f"{URL}?{query}"))[0] == 400


def test_nothing_counted_divides_by_nothing() -> None:
    row = statistics_row(Tally("x", 0, 1, Counters()))
    assert {row.level_of_settled, row.mean_wait_us, row.wait_p90_us, row.occupancy, row.mean_talk_us} == {None}
    assert share(333_333) == 0.3333
