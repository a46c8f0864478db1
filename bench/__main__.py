"""`python -m bench [PREFIX]`: runs the benchmarks whose names begin with PREFIX, one JSON object a line.

Each line has name, unit, p50, p99, n and conditions; each module measures its own floor in the same run, and that is
printed whatever the prefix. Compare ratios of one run, never figures of two machines. See docs/benchmarks.md.
"""

import json
import os
import subprocess
import sys

# The first word of a result's name -> the module that measures it.
MODULES = {
    "decision": "bench.decision",
    "commit": "bench.commit",
    "offer": "bench.offer",
    "assign": "bench.assign",
    "shards": "bench.shards",
    "crowd": "bench.crowd",
    "sip": "bench.sip_uas",
    "media": "bench.media",
    "media_full": "bench.media_full",
    "webrtc": "bench.webrtc",
    "recording": "bench.recording",
    "call": "bench.call",
    "delay": "bench.delay",
    "simulate": "bench.simulate",
    "explain": "bench.explain",
    "page": "bench.page",
    "what_if": "bench.what_if",
    "takeover": "bench.takeover",
    "chats": "bench.chats",
}
LIMIT_S = 600


def main() -> int:
    """Exit status 1 when a benchmark failed, 2 when no name begins with the prefix."""
    only = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ONLY", "")
    chosen = [module for word, module in MODULES.items() if only.startswith(word) or word.startswith(only)]
    if not chosen:
        print(f"no benchmark begins with {only!r}; there are {', '.join(MODULES)}", file=sys.stderr)
        return 2
    failed = False
    for module in chosen:
        environment = {**os.environ, "ONLY": only}
        done = subprocess.run(
            [sys.executable, "-m", module],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        failed = failed or done.returncode != 0
        for line in done.stdout.splitlines():
            if _wanted(json.loads(line)["name"], only):
                print(line, flush=True)
    return 1 if failed else 0


def _wanted(name: str, only: str) -> bool:
    """A floor is shown with whatever stands beside it: a figure alone says nothing of another machine."""
    return name.startswith(only) or "floor" in name


if __name__ == "__main__":
    sys.exit(main())
