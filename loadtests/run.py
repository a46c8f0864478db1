"""One load run from beginning to end: a server with the scenario's site, locust without a screen, a judgement.

    python -m loadtests.run NAME [--scale 0.5] [--out DIR] [--compare RUN.json] [--draws 30]
    python -m loadtests.run NAME --only-site DIR

Writes run.json, report.html, locust.html (locust's own statistics and charts) and server.log into DIR (load-NAME by
default). Exit status 0 when all that was asked holds, 1 when the server did not do it, 2 when the scenario has
mistakes, 3 when the generator was too slow to tell.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from config.problems import ConfigProblems
from loadtests.judge import Finding, Subject, Verdict, judge, verdict, why_late
from loadtests.plan import Plan, load_plan, path_of
from loadtests.predict import predict
from loadtests.report import page, with_findings
from loadtests.scale import LARGEST, scaled
from loadtests.site import write_site
from tests.e2e.server import Server

ROOT = Path(__file__).resolve().parent.parent
# Sign-in, the drain at the end, and some more.
BESIDES_S = 300
STATUS_MISTAKES = 2


class NoResultError(Exception):
    """locust told nothing; what it printed says why."""


def main() -> int:
    """See above."""
    options = _arguments()
    path = path_of(options.scenario)
    name = path.stem
    out = options.out or Path(f"load-{name}")
    try:
        plan = load_plan(path)
        out.mkdir(parents=True, exist_ok=True)
        if options.scale != 1:
            path = scaled(path, options.scale, out.resolve())
            plan = load_plan(path)
    except ConfigProblems as problems:
        print(problems, file=sys.stderr)
        return STATUS_MISTAKES
    if options.only_site is not None:
        options.only_site.mkdir(parents=True, exist_ok=True)
        print(write_site(plan, options.only_site))
        return 0
    prediction = predict(plan.scenario, plan.seed, options.draws) if options.draws > 1 and plan.compare else None
    began = time.monotonic()
    try:
        run = live(plan, str(path), out)
    except NoResultError as error:
        print(f"verdict: {Verdict.FAILED}: {error}")
        return Verdict.FAILED.status
    findings = judge(plan, run, prediction)
    came_of_it = verdict(findings)
    more = {"prediction": prediction, "scale": options.scale, "took_s": round(time.monotonic() - began)}
    shown = with_findings({**run, **more}, name, findings, came_of_it)
    (out / "run.json").write_text(json.dumps(shown), encoding="utf-8")
    earlier = [] if options.compare is None else [json.loads(options.compare.read_text(encoding="utf-8"))]
    (out / "report.html").write_text(page([*earlier, shown]), encoding="utf-8")
    say(run, findings, came_of_it)
    print(f"report: {out / 'report.html'} ({shown['took_s']} s)")
    return came_of_it.status


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario")
    parser.add_argument("--scale", type=_scale, default=1.0, help="as many times the agents and customers")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--compare", type=Path, help="the run.json of an earlier run")
    parser.add_argument("--draws", type=int, default=30, help="of the simulator's prediction; 0 for none")
    parser.add_argument("--only-site", type=Path, help="write the scenario's site there, and nothing else")
    return parser.parse_args()


def _scale(text: str) -> float:
    factor = float(text)
    if not 0 < factor <= LARGEST:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most {LARGEST:g}")
    return factor


def say(run: Mapping[str, Any], findings: Sequence[Finding], came_of_it: Verdict) -> None:
    """What was found, line by line, and the verdict with its reason."""
    for one in findings:
        against = "against the simulator, " if one.subject is Subject.SIMULATOR else ""
        sign = "passed" if one.passed else "FAILED"
        print(f"{sign}  {one.subject}: {one.what}: {one.value:.3g} ({against}expected {one.expected})")
    print(f"verdict: {came_of_it}")
    if came_of_it is Verdict.SATURATED:
        late = max(one.value for one in findings if one.subject is Subject.GENERATOR)
        print(f"  {late:.0f} ms late at p99; {why_late(run['generator'])}. Nothing is concluded about the server.")


def live(plan: Plan, scenario: str, out: Path) -> Mapping[str, Any]:
    """The run itself. Raises NoResultError."""
    result = (out / "raw.json").resolve()
    result.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="jf-load-") as scratch:
        folder = Path(scratch)
        server = Server(folder, write_site(plan, folder), ["--log-level=warning"])
        try:
            server.start(ready_s=60 + len(plan.scenario.policy.agents))
            command = [*locust(server, scenario, result), "--html", str((out / "locust.html").resolve())]
            limit_s = plan.seconds + BESIDES_S + len(plan.scenario.policy.agents)
            with suppress(subprocess.TimeoutExpired):  # it is killed then, and has no result
                subprocess.run(command, cwd=ROOT, timeout=limit_s, check=False)
            server.interrupt()
        finally:
            server.close()
            (out / "server.log").write_bytes(server.log_path.read_bytes())
    if not result.exists():
        raise NoResultError("locust ended without a result, see above")
    run: Mapping[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    result.unlink()
    return run


def locust(server: Server, scenario: str, result: Path) -> list[str]:
    """Its command line. Users beyond the fixed ones there are none."""
    return [
        *(sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--headless", "--only-summary"),
        *("--users", "1000", "--spawn-rate", "100", "--host", server.base, "--sip-port", str(server.sip_port)),
        *("--scenario", scenario, "--result", str(result)),
    ]


if __name__ == "__main__":
    sys.exit(main())
