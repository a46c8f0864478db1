"""The command `python -m server simulate`: a scenario file in, tables, JSON and a picture of the day out."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from config.problems import ConfigProblems
from simulator.load import load_scenario
from simulator.plot import svg
from simulator.replications import simulate
from simulator.report import Report

_BAR = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("scenario", metavar="SCENARIO", help="a TOML file")
    parser.add_argument("--replications", type=_positive, metavar="N", help="how often (default: as the scenario says)")
    parser.add_argument("--seed", type=_natural, default=1, metavar="S", help="the same seed gives the same result")
    parser.add_argument(
        "--processes", type=_positive, default=1, metavar="P", help="replications run beside each other"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--plot", metavar="FILE.svg", help="write a picture of the day")


def _positive(text: str) -> int:
    return _whole(text, 1)


def _natural(text: str) -> int:
    return _whole(text, 0)


def _whole(text: str, low: int) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < low:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} on")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Runs the scenario and prints the result; status 2 for a scenario with mistakes or a picture that has no place."""
    try:
        return _run(arguments)
    except (ConfigProblems, OSError) as error:
        print(error, file=sys.stderr)
        return 2


def _run(arguments: argparse.Namespace) -> int:
    scenario = load_scenario(arguments.scenario)
    bar = progress_bar(sys.stderr)
    result = simulate(
        scenario,
        arguments.seed,
        replications=arguments.replications,
        processes=arguments.processes,
        progress=bar,
    )
    report = Report(scenario, arguments.seed, result)
    print(report.json() if arguments.json else report.text())
    if arguments.plot:
        Path(arguments.plot).write_text(svg(scenario, result), encoding="utf-8")
    return 0


def progress_bar(stream: TextIO) -> Callable[[float], None] | None:
    """Draws the share that is done, where somebody watches; None elsewhere."""
    if not stream.isatty():
        return None
    shown = -1

    def draw(share: float) -> None:
        nonlocal shown
        percent = int(share * 100)
        if percent != shown:
            shown = percent
            full = percent * _BAR // 100
            end = "\n" if percent >= 100 else ""
            stream.write(f"\r[{'#' * full}{'.' * (_BAR - full)}] {percent:3} %{end}")
            stream.flush()

    return draw
