"""A page that shows one run, or two beside each other: verdict, findings, figures, and how they went over time."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from loadtests.judge import COMPARED, Finding, Subject, Verdict, why_late
from loadtests.plot import every_second, plot

Run = Mapping[str, Any]
# The same figures are there as "WS offer".
NOT_SHOWN = ("offer",)
GENERATORS = ("came late", "lateness")
STYLE = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
CLASSES = {Verdict.PASSED: "good", Verdict.FAILED: "bad", Verdict.SATURATED: "grey"}


def with_findings(run: Run, name: str, findings: Sequence[Finding], came_of_it: Verdict) -> dict[str, Any]:
    """The run as it is kept and shown."""
    return {**run, "name": name, "findings": [asdict(one) for one in findings], "verdict": came_of_it}


def page(runs: Sequence[Run]) -> str:
    """HTML without anything from elsewhere. One run or two, each as `with_findings` made it, the earlier one first."""
    names = [str(run["name"]) for run in runs]
    if len(set(names)) < len(names):
        names = [f"{name}, {when}" for name, when in zip(names, ("before", "after"), strict=True)]
    title = escape(" and ".join(names))
    parts = [f"<h1>{title}</h1>"]
    if len(runs) > 1:
        lines = ("━━", "╍╍")
        keys = (f'<b class="key{number}">{lines[number]} {escape(name)}</b>' for number, name in enumerate(names))
        parts.append(f"<p>{' &nbsp; '.join(keys)}</p>")
    parts += [_findings(run, name) for run, name in zip(runs, names, strict=True)]
    parts += [_customers(runs, names), _latency(runs, names), _plots(runs)]
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    return (
        f'<!doctype html><html lang="en">{head}<title>{title}</title><style>{STYLE}</style>\n{"".join(parts)}</html>\n'
    )


def _findings(run: Run, name: str) -> str:
    came_of_it = Verdict(run["verdict"])
    parts = [f'<h2>{escape(name)}: <span class="{CLASSES[came_of_it]}">{escape(came_of_it)}</span></h2>']
    generator = run["generator"]
    if came_of_it is Verdict.SATURATED:
        parts.append(f"<p>Nothing is concluded about the server: {escape(why_late(generator))}.</p>")
    elif generator:
        parts.append(
            f"<p>The generator used {generator['cpu']:.0%} of a core{_waited(generator)}; "
            f"the machine has {generator['cores']}, and its load was {generator['load_average'][1]:g} at the end.</p>"
        )
    rows = [
        f'<tr><td class="{"good" if one["passed"] else "bad"}">{"passed" if one["passed"] else "failed"}</td>'
        f'<td>{escape(one["subject"])}</td><td>{escape(one["what"])}</td><td class="n">{one["value"]:.3g}</td>'
        f"<td>{_predicted(run, one)}{escape(one['expected'])}</td></tr>"
        for one in run["findings"]
    ]
    head = '<tr><th><th>of the<th>what<th class="n">found<th>expected</tr>'
    parts.append(_table(head, rows))
    if run["errors"]:
        parts.append(
            f"<ul>{''.join(f'<li>{escape(what)}: {count}</li>' for what, count in run['errors'].items())}</ul>"
        )
    counts = {
        "changes by the supervisor": run["changes"],
        "offers missed": run["missed"],
        "requests said again after a reconnect": run["repeated"],
        **{f"SIPp {what}": count for what, count in run["sipp"].items()},
    }
    shown = [f"{escape(what)} {count}" for what, count in counts.items() if count]
    return "".join([*parts, f"<p>{', '.join(shown)}</p>" if shown else ""])


def _waited(generator: Mapping[str, Any]) -> str:
    return "" if generator["waited"] is None else f" and waited for one {generator['waited']:.0%} of the time"


def _predicted(run: Run, finding: Mapping[str, Any]) -> str:
    """The simulator's own figure, before the bounds that follow from it."""
    if finding["subject"] != Subject.SIMULATOR or not run.get("prediction"):
        return ""
    work, what = finding["what"].rsplit(": ", 1)
    (measure,) = (measure for measure, compared in COMPARED.items() if compared == what)
    interval = run["prediction"]["work"][work][measure]
    return f"{interval['mean']:.2f}, one run lies in "


def _customers(runs: Sequence[Run], names: Sequence[str]) -> str:
    columns = ("came", "answered", "gave up", "failed", "in time", "wait p50 s", "p90", "p99")
    head = "<tr><th>run<th>work" + "".join(f'<th class="n">{column}' for column in columns) + "</tr>"
    rows = [
        _row(
            name, work, *(found[key] for key in ("offered", "answered", "abandoned", "failed")), f"{found['level']:.1%}"
        )
        + "".join(f'<td class="n">{found["wait_s"].get(key, 0.0):.2f}</td>' for key in ("p50", "p90", "p99"))
        for run, name in zip(runs, names, strict=True)
        for work, found in run["work"].items()
    ]
    return f"<h2>Customers</h2>{_table(head, rows)}"


def _latency(runs: Sequence[Run], names: Sequence[str]) -> str:
    """Of one run the spread; of two the medians and slowest hundredths beside each other, and their change."""
    kinds = _kinds(runs, "latency_ms")
    if len(runs) == 1:
        head = '<tr><th>what<th class="n">n<th class="n">p50 ms<th class="n">p90<th class="n">p99<th class="n">max</tr>'
        spreads = [(kind, runs[0]["latency_ms"][kind]) for kind in kinds]
        rows = [
            _row(kind, None, int(found["n"]), *(f"{found[key]:.1f}" for key in ("p50", "p90", "p99", "max")))
            for kind, found in spreads
            if found
        ]
        return f"<h2>Latency</h2>{_table(head, rows)}"
    columns = [f"{key} ms, {name}" for key in ("p50", "p99") for name in (*names, "change")]
    head = "<tr><th>what" + "".join(f'<th class="n">{escape(column)}' for column in columns) + "</tr>"
    rows = []
    for kind in kinds:
        figures: list[str] = []
        for key in ("p50", "p99"):
            first, second = (run["latency_ms"].get(kind, {}).get(key) for run in runs)
            figures += ["–" if value is None else f"{value:.1f}" for value in (first, second)]
            figures.append(f"{second / first - 1:+.0%}" if first and second is not None else "–")
        rows.append(_row(kind, None, *figures))
    return f"<h2>Latency</h2>{_table(head, rows)}"


def _plots(runs: Sequence[Run]) -> str:
    """All along the same seconds: the longer run's, its drain included."""
    last_s = max([1.0, *(float(at) for run in runs for line in run["lines"].values() for at, *_ in line)])
    parts = ["<h2>Over time, in seconds</h2>"]
    for title, key in (("Customers who came", "arrivals"), ("Conversations that began", "answers")):
        parts.append(plot(title, "each second", [every_second(run[key], run["seconds"]) for run in runs], last_s))
    for kind in _kinds(runs, "lines"):
        lines = [[(at, p99) for at, _, p99 in run["lines"].get(kind, [])] for run in runs]
        parts.append(plot(kind, "slowest hundredth of each second, ms", lines, last_s))
    return "".join(parts)


def _kinds(runs: Sequence[Run], key: str) -> list[str]:
    """What was measured: the generator last, before it what is not on the customers' or agents' way."""
    found = {kind for run in runs for kind in run[key]} - set(NOT_SHOWN)
    return sorted(found, key=lambda kind: (kind in GENERATORS, "/" in kind, kind))


def _table(head: str, rows: Sequence[str]) -> str:
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table></div>'


def _row(first: str, second: str | None, *figures: object) -> str:
    cells = "".join(f'<td class="n">{figure}</td>' for figure in figures)
    return f"<tr><td>{escape(first)}</td>{'' if second is None else f'<td>{escape(second)}</td>'}{cells}"
