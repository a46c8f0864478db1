"""A page that shows one run, or two beside each other: findings, figures, and how they went over time."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from typing import Any

from loadtests.result import Finding

WIDTH, HEIGHT, LEFT, BOTTOM = 720, 180, 48, 22
COLOURS = ("#22558f", "#b3561e")
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #15202b }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem } th, td { padding: 0.25rem 0.8rem; text-align: left }
td.n { text-align: right; font-variant-numeric: tabular-nums } tr + tr td { border-top: 1px solid #dde3ea }
.bad { color: #b3261e; font-weight: 600 } .good { color: #14703d } svg { display: block; margin: 0.3rem 0 1.2rem }
svg text { font-size: 11px; fill: #4d5a68 } h2 { margin-top: 2rem } .key { font-size: 13px }
"""


def page(runs: Sequence[Mapping[str, Any]]) -> str:
    """HTML without anything from elsewhere. Each run is what `result.summarise` gave, with `findings` and `name`."""
    title = " and ".join(escape(run["name"]) for run in runs)
    parts = [f"<h1>{title}</h1>"]
    if len(runs) > 1:
        named = zip(COLOURS, (escape(run["name"]) for run in runs), strict=False)
        keys = (f'<span style="color:{colour}">■ {name}</span>' for colour, name in named)
        parts.append(f'<p class="key">{" &nbsp; ".join(keys)}</p>')
    parts += [_findings(run) for run in runs]
    parts += [_work(runs), _latency(runs)]
    parts.append(_plot("Customers who came, each second", [run["arrivals"] for run in runs]))
    parts.append(_plot("Conversations that began, each second", [run["answers"] for run in runs]))
    kinds = dict.fromkeys(kind for run in runs for kind in run["lines"])
    for kind in kinds:
        lines = [[(at, p99) for at, _, p99 in run["lines"].get(kind, [])] for run in runs]
        parts.append(_plot(f"{kind}: slowest hundredth of each second, ms", lines))
    body = "\n".join(parts)
    return f'<!doctype html><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>\n{body}\n'


def with_findings(run: Mapping[str, Any], name: str, findings: Sequence[Finding]) -> dict[str, Any]:
    """The run as it is kept and shown."""
    return {**run, "name": name, "findings": [asdict(one) for one in findings]}


def _findings(run: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<tr><td class="{"good" if one["passed"] else "bad"}">{"passed" if one["passed"] else "failed"}</td>'
        f'<td>{escape(one["what"])}</td><td class="n">{one["value"]:.3g}</td><td>{escape(one["expected"])}</td></tr>'
        for one in run["findings"]
    )
    errors = "".join(f"<li>{escape(what)}: {count}</li>" for what, count in run["errors"].items())
    return f"<h2>{escape(run['name'])}</h2><table>{rows}</table>" + (f"<ul>{errors}</ul>" if errors else "")


def _work(runs: Sequence[Mapping[str, Any]]) -> str:
    head = "<tr><th>run<th>work<th>came<th>answered<th>gave up<th>level<th>wait p50<th>p90<th>p99 s</tr>"
    rows = [
        _row(run["name"], name, *(work[key] for key in ("offered", "answered", "abandoned")), f"{work['level']:.1%}")
        + "".join(f'<td class="n">{work["wait_s"].get(key, 0.0):.2f}</td>' for key in ("p50", "p90", "p99"))
        for run in runs
        for name, work in run["work"].items()
    ]
    return f"<h2>Customers</h2><table>{head}{''.join(rows)}</table>"


def _latency(runs: Sequence[Mapping[str, Any]]) -> str:
    head = "<tr><th>run<th>what<th>n<th>p50<th>p90<th>p99<th>max ms</tr>"
    rows = [
        _row(run["name"], kind, int(found["n"]), *(f"{found[key]:.1f}" for key in ("p50", "p90", "p99", "max")))
        for run in runs
        for kind, found in run["latency_ms"].items()
        if found
    ]
    return f"<h2>Latency</h2><table>{head}{''.join(rows)}</table>"


def _row(first: str, second: str, *figures: object) -> str:
    cells = "".join(f'<td class="n">{figure}</td>' for figure in figures)
    return f"<tr><td>{escape(first)}</td><td>{escape(second)}</td>{cells}"


def _plot(title: str, lines: Sequence[Sequence[tuple[int, float]]]) -> str:
    points = [point for line in lines for point in line]
    if not points:
        return ""
    last, top = max(at for at, _ in points) or 1, max(value for _, value in points) or 1

    def place(at: float, value: float) -> str:
        x = LEFT + (WIDTH - LEFT) * at / last
        return f"{x:.1f},{(HEIGHT - BOTTOM) * (1 - value / top) + 6:.1f}"

    drawn = "".join(
        f'<polyline fill="none" stroke="{COLOURS[index]}" stroke-width="1.5" '
        f'points="{" ".join(place(at, value) for at, value in line)}"/>'
        for index, line in enumerate(lines)
        if line
    )
    marks = (
        f'<text x="0" y="14">{top:.3g}</text><text x="0" y="{HEIGHT - BOTTOM + 6}">0</text>'
        f'<text x="{LEFT}" y="{HEIGHT - 2}">0 s</text>'
        f'<text x="{WIDTH}" y="{HEIGHT - 2}" text-anchor="end">{last} s</text>'
    )
    label = escape(title)
    return (
        f'<h3>{label}</h3><svg role="img" aria-label="{label}" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}">'
        f"{drawn}{marks}</svg>"
    )
