"""One load run from beginning to end: a server with the scenario's site, locust without a screen, a judgement.

    python -m loadtests.run NAME [--out DIR] [--compare RUN.json] [--replications 30]
    python -m loadtests.run NAME --only-site DIR

Writes run.json and report.html into DIR (load-NAME by default). Exit status 1 when something that was asked does not
hold, 2 when the scenario has mistakes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.problems import ConfigProblems
from loadtests.plan import Plan, load_plan
from loadtests.report import page, with_findings
from loadtests.result import judge
from loadtests.site import write_site
from tests.e2e.server import Server

ROOT = Path(__file__).resolve().parent.parent
# Sign-in, the drain at the end, and some more.
BESIDES_S = 300


def main() -> int:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--compare", type=Path, help="the run.json of an earlier run")
    parser.add_argument("--replications", type=int, default=30, help="of the simulator's prediction; 0 for none")
    parser.add_argument("--only-site", type=Path, help="write the scenario's site there, and nothing else")
    options = parser.parse_args()
    try:
        plan = load_plan(options.scenario)
    except ConfigProblems as problems:
        print(problems, file=sys.stderr)
        return 2
    if options.only_site is not None:
        options.only_site.mkdir(parents=True, exist_ok=True)
        print(write_site(plan, options.only_site))
        return 0
    out = options.out or Path(f"load-{plan.path.stem}")
    out.mkdir(parents=True, exist_ok=True)
    prediction = predict(plan, options.replications) if options.replications and plan.compare else None
    run = live(plan, options.scenario, out)
    findings = judge(plan, run, prediction)
    shown = with_findings({**run, "prediction": prediction}, plan.path.stem, findings)
    (out / "run.json").write_text(json.dumps(shown), encoding="utf-8")
    earlier = [] if options.compare is None else [json.loads(options.compare.read_text(encoding="utf-8"))]
    (out / "report.html").write_text(page([*earlier, shown]), encoding="utf-8")
    for one in findings:
        print(f"{'passed' if one.passed else 'FAILED'}  {one.what}: {one.value:.3g} (expected {one.expected})")
    print(f"report: {out / 'report.html'}")
    return 0 if all(one.passed for one in findings) else 1


def predict(plan: Plan, replications: int) -> dict[str, Any]:
    """What the simulator says of the same scenario."""
    command = [sys.executable, "-m", "server", "simulate", str(plan.path), "--json"]
    numbers = ["--replications", str(replications), "--seed", str(plan.seed)]
    done = subprocess.run([*command, *numbers], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def live(plan: Plan, scenario: str, out: Path) -> Mapping[str, Any]:
    """The run itself. Raises RuntimeError when locust ended without a result."""
    result = (out / "raw.json").resolve()
    result.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="jf-load-") as scratch:
        folder = Path(scratch)
        server = Server(folder, write_site(plan, folder), ["--log-level=warning"])
        try:
            server.start(ready_s=60 + len(plan.scenario.policy.agents))
            subprocess.run(locust(server, scenario, result), cwd=ROOT, timeout=plan.seconds + BESIDES_S, check=False)
            server.interrupt()
        finally:
            server.close()
            (out / "server.log").write_bytes(server.log_path.read_bytes())
    if not result.exists():
        raise RuntimeError("locust ended without a result")
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
