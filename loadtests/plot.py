"""Lines over the seconds of a run as SVG, one colour for each run."""

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 190, 56, 16, 10, 24
# Lines across, and marks along.
STEPS_UP, STEPS_ALONG = 3, 6
Line = Sequence[tuple[float, float]]


def plot(title: str, unit: str, lines: Sequence[Line], last_s: float) -> str:
    """A picture with its heading, from 0 to `last_s` along; nothing without points.

    The page gives the classes `run0` and `run1` their colours.
    """
    points = [point for line in lines for point in line]
    if not points:
        return ""
    step = _nice(max(value for _, value in points) / STEPS_UP)
    top = step * STEPS_UP

    def x(at: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * at / last_s

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top)

    grid = "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(step * up):.1f}" y2="{y(step * up):.1f}"/>'
        f'<text x="{LEFT - 6}" y="{y(step * up) + 4:.1f}" text-anchor="end">{step * up:g}</text>'
        for up in range(STEPS_UP + 1)
    )
    along = _nice(last_s / STEPS_ALONG)
    marks = "".join(
        f'<text x="{x(along * mark):.1f}" y="{HEIGHT - 6}" text-anchor="middle">{along * mark:g}</text>'
        for mark in range(int(last_s / along) + 1)
    )
    drawn = "".join(
        f'<polyline class="run{number}" points="{" ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in line)}"/>'
        for number, line in enumerate(lines)
        if line
    )
    label = escape(f"{title}, {unit}")
    picture = f'<svg role="img" aria-label="{label}" viewBox="0 0 {WIDTH} {HEIGHT}">{grid}{marks}{drawn}</svg>'
    return f"<figure><figcaption>{escape(title)} <small>{escape(unit)}</small></figcaption>{picture}</figure>"


def every_second(counts: Sequence[tuple[int, int]], seconds: float) -> list[tuple[float, float]]:
    """Counts of seconds that had any, with those that had none."""
    found = dict(counts)
    last = max([*found, int(seconds) - 1])
    return [(float(at), float(found.get(at, 0))) for at in range(last + 1)]


def _nice(step: float) -> float:
    """The next of 1, 2, 5, 10, 20 ... (and their parts)."""
    if step <= 0:
        return 1.0
    power = 1.0
    while power > step:
        power /= 10
    while power * 10 <= step:
        power *= 10
    return next((power * times for times in (1, 2, 5) if power * times >= step - 1e-9), power * 10)
