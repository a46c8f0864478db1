"""Times of day, distributions and arrivals of a scenario file, and what is said about wrong ones."""

import tomllib
from pathlib import Path

import pytest

from ivr.reading import FlowProblem, Table
from simulator.arrivals import Steps
from simulator.distributions import Constant, Distribution, Empirical, Exponential, LogNormal, Uniform
from simulator.reading import parse_clock, read_arrivals, read_clock, read_distribution

HOUR = 3_600_000_000
SECOND = 1_000_000


def table(text: str) -> Table:
    return Table(tomllib.loads(text), "x", [])


def problems(found: list[FlowProblem]) -> list[str]:
    return [f"{one.path}: {one.message}" for one in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("00:00", 0), ("8:30", 8.5 * HOUR), ("26:00", 26 * HOUR), ("100:00:01", 100 * HOUR + SECOND)],
)
def test_times_of_day(text: str, expected: int) -> None:
    assert parse_clock(text) == expected


@pytest.mark.parametrize("text", ["8", "08:60", "08:00:61", "noon", "", "-1:00", "08:00-09:00"])
def test_no_times_of_day(text: str) -> None:
    assert parse_clock(text) is None


def test_a_wrong_time_is_a_problem() -> None:
    found = table('at = "noon"')
    assert read_clock(found, "at") == 0
    assert "not a time of day" in problems(found.problems)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('kind = "exponential"\nmean_s = 180', Exponential(180e6)),
        ('kind = "lognormal"\nmean_s = 180\ncv = 1.2', LogNormal(180e6, 1.2)),
        ('kind = "uniform"\nlow_s = 1\nhigh_s = 2.5', Uniform(SECOND, 2_500_000)),
        ('kind = "constant"\nvalue_s = 3', Constant(3 * SECOND)),
        ('kind = "empirical"\nvalues_s = [1, 2.5]', Empirical((SECOND, 2_500_000))),
    ],
)
def test_distributions(text: str, expected: Distribution, tmp_path: Path) -> None:
    found = table(text)
    assert read_distribution(found, tmp_path) == expected
    assert found.problems == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mean_s = 5", "x.kind: is missing"),
        ('kind = "exponental"\nmean_s = 5', 'x.kind: "exponental" is not known'),
        ('kind = "exponential"', "x.mean_s: is missing"),
        ('kind = "exponential"\nmean_s = 0', "x.mean_s: is 0"),
        ('kind = "exponential"\nmean_s = 5\ncv = 1', "x.cv: is not a key"),
        ('kind = "uniform"\nlow_s = 5\nhigh_s = 2', "x.high_s: is less than low_s"),
        ('kind = "empirical"', "x.values_s: is no list of seconds"),
        ('kind = "empirical"\nvalues_s = []', "x.values_s: is no list of seconds"),
        ('kind = "empirical"\nvalues_s = [1, "two"]', "x.values_s: is no list of seconds"),
        ('kind = "empirical"\nvalues_s = [1, -2]', "x.values_s: is no list of seconds"),
        ('kind = "empirical"\nfile = "none.csv"\ncolumn = "talk"', "none.csv cannot be read"),
        ('kind = "empirical"\nfile = "talk.csv"\ncolumn = "speak"', "has no column speak"),
        ('kind = "empirical"\nfile = "talk.csv"\ncolumn = "name"', 'row 2: "anna" is not a number'),
        ('kind = "empirical"\nfile = "empty.csv"\ncolumn = "talk"', "has no rows"),
    ],
)
def test_wrong_distributions_are_told(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "talk.csv").write_text("name,talk\nanna,30\n")
    (tmp_path / "empty.csv").write_text("name,talk\n")
    found = table(text)
    assert read_distribution(found, tmp_path).mean_us >= 0
    assert said in "\n".join(problems(found.problems))


def test_measured_durations_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "talk.csv").write_text("\ufeffname,talk\nanna,30\nben,45.5\n", encoding="utf-8")
    found = table('kind = "empirical"\nfile = "talk.csv"\ncolumn = "talk"')
    assert read_distribution(found, tmp_path) == Empirical((30 * SECOND, 45_500_000))
    assert found.problems == []


COUNTS = "from,calls,odd\n08:00,10,2.5\n08:30,20,x\n09:00,5,1\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("per_hour = 120", Steps((8 * HOUR, 12 * HOUR), (480.0,))),
        (
            'rates = [{ from = "08:00", per_hour = 30 }, { from = "10:00", per_hour = 90 }]',
            Steps((8 * HOUR, 10 * HOUR, 12 * HOUR), (60.0, 180.0)),
        ),
        (
            'file = "counts.csv"\ncolumn = "calls"',
            Steps((8 * HOUR, 8 * HOUR + HOUR // 2, 9 * HOUR, 9 * HOUR + HOUR // 2), (10.0, 20.0, 5.0)),
        ),
        (
            'file = "counts.csv"\ncolumn = "calls"\nexact = true',
            Steps((8 * HOUR, 8 * HOUR + HOUR // 2, 9 * HOUR, 9 * HOUR + HOUR // 2), (10.0, 20.0, 5.0), exact=True),
        ),
    ],
)
def test_arrivals(text: str, expected: Steps, tmp_path: Path) -> None:
    (tmp_path / "counts.csv").write_text(COUNTS)
    found = table(text)
    assert read_arrivals(found, tmp_path, 8 * HOUR, 12 * HOUR) == expected
    assert found.problems == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "says nothing of how many come"),
        ("per_hour = 5\nper_day = 6", "x.per_day: is not a key"),
        ('rates = [{ from = "10:00", per_hour = 1 }, { from = "09:00", per_hour = 1 }]', "is not after the one before"),
        ('file = "counts.csv"\ncolumn = "chats"', "has no column chats"),
        ('file = "counts.csv"\ncolumn = "odd"', "row 3 is not a later time with a count"),
        ('file = "half.csv"\ncolumn = "calls"\nexact = true', "needs whole numbers"),
        ('file = "short.csv"\ncolumn = "calls"', "fewer than two intervals"),
        ('file = "back.csv"\ncolumn = "calls"', "row 3 is not a later time"),
    ],
)
def test_wrong_arrivals_are_told(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "counts.csv").write_text(COUNTS)
    (tmp_path / "half.csv").write_text("from,calls\n08:00,1.5\n09:00,2\n")
    (tmp_path / "short.csv").write_text("from,calls\n08:00,1\n")
    (tmp_path / "back.csv").write_text("from,calls\n08:00,1\n07:00,1\n")
    found = table(text)
    read_arrivals(found, tmp_path, 8 * HOUR, 12 * HOUR)
    assert said in "\n".join(problems(found.problems))
