"""The commands of `python -m server` for flows: test-flows and draw-flows."""

import argparse
from pathlib import Path

from config.drawing import draw_flows
from config.flow_tests import run_flow_tests
from config.settings import Settings
from config.site import Site


async def walk_flows(_arguments: argparse.Namespace, settings: Settings, site: Site) -> int:
    """Prints what came of each flow test; status 1 when one of them failed."""
    results = run_flow_tests(site)
    for result in results:
        print(result)
    failed = sum(1 for result in results if result.failure)
    print(f"{settings.site}: {len(results)} flow tests, {failed} failed")
    return 1 if failed else 0


async def draw(arguments: argparse.Namespace, _settings: Settings, site: Site) -> int:
    """Writes a picture of each flow."""
    for path in draw_flows(site, Path(arguments.out)):
        print(path)
    return 0
