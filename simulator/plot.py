"""The day as a picture: who comes, who waits, who works, and the service level, slot by slot. Plain SVG."""

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from simulator.distributions import Floats
from simulator.replications import Result
from simulator.scenario import Scenario

WIDTH, PANEL, GAP = 960, 130, 46
LEFT, RIGHT, TOP = 60, 30, 50
# Told apart in grey as well: one dark and full, one light and dashed.
_DARK, _LIGHT = "#1f4e79", "#c55a11"
_FONT = 'font-family="sans-serif" font-size="12"'
_CLOCK_STEPS_H = (0.25, 0.5, 1, 2, 3, 6, 12, 24, 48, 120, 240)


def svg(scenario: Scenario, result: Result) -> str:
    """The picture; its panels are means over the replications."""
    slots = result.slots
    came = slots["arrivals"]
    settled = slots["settled"]
    level = np.divide(slots["within"] * 100, settled, out=np.full(came.shape, np.nan), where=settled > 0)
    panels: tuple[tuple[str, tuple[tuple[str, Floats], ...]], ...] = (
        ("customers in each slot", (("arrivals", came), ("abandoned", slots["abandoned"]))),
        ("waiting (mean)", (("queue length", slots["queue_length"]),)),
        ("agents (mean)", (("staffed", slots["staffed"]), ("busy", slots["busy"]))),
        ("answered within the threshold, % of settled", (("service level", level),)),
    )
    height = TOP + len(panels) * (PANEL + GAP)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {_FONT}>',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="24" font-size="16">{escape(scenario.name)}</text>',
    ]
    for number, (title, series) in enumerate(panels):
        lines += _panel(title, series, TOP + number * (PANEL + GAP), scenario)
    return "\n".join([*lines, "</svg>", ""])


def _panel(title: str, series: Sequence[tuple[str, Floats]], top: int, scenario: Scenario) -> Iterator[str]:
    highest = _round_up(
        max((float(np.nanmax(values)) for _, values in series if not np.isnan(values).all()), default=0.0)
    )
    right, bottom = WIDTH - RIGHT, top + PANEL
    yield f'<text x="{LEFT}" y="{top - 6}">{escape(title)}</text>'
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * PANEL
        yield f'<line x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{highest * share:g}</text>'
    yield from _hours(scenario, bottom)
    for number, (name, values) in enumerate(series):
        colour, dash = (_DARK, "") if number == 0 else (_LIGHT, ' stroke-dasharray="5 3"')
        for points in _points(values, highest, bottom):
            yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"{dash}/>'
        x = right - 110 * (len(series) - number)
        yield f'<line x1="{x}" x2="{x + 22}" y1="{top - 10}" y2="{top - 10}" stroke="{colour}" stroke-width="2"{dash}/>'
        yield f'<text x="{x + 27}" y="{top - 6}">{escape(name)}</text>'


def _points(values: Floats, highest: float, bottom: int) -> Iterator[str]:
    """A line for each run of slots that have a value, each point in the middle of its slot."""
    step = (WIDTH - LEFT - RIGHT) / len(values)
    points: list[str] = []
    for number, value in enumerate(values.tolist()):
        if np.isnan(value):
            if points:
                yield " ".join(points)
            points = []
            continue
        points.append(f"{LEFT + (number + 0.5) * step:.1f},{bottom - value / highest * PANEL:.1f}")
    if points:
        yield " ".join(points)


def _hours(scenario: Scenario, bottom: int) -> Iterator[str]:
    start, end = scenario.start_us / 3.6e9, scenario.end_us / 3.6e9
    step = next((step for step in _CLOCK_STEPS_H if (end - start) / step <= 13), _CLOCK_STEPS_H[-1])
    for number in range(int((end - start) / step) + 1):
        hour = start + number * step
        x = LEFT + (hour - start) / (end - start) * (WIDTH - LEFT - RIGHT)
        text = f"{int(hour):02}:{round(hour % 1 * 60):02}"
        yield f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{text}</text>'


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20 ... that is not less."""
    if value <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * (1 - 1e-9)))
