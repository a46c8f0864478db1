"""tools.run_tests: what failed is known by name, and how often."""

from pathlib import Path

import pytest

from tools.run_tests import COMPUTING, ROOT, WAITING, Run, computing_runs, print_failures, waiting_runs

FIRST = """..F
FAILED tests/a/test_b.py::test_c[one two] - assert 0
FAILED tests/a/test_b.py::test_d
ERROR tests/a/test_b.py::test_e - OSError
2 failed, 1 passed"""


def test_what_failed_is_listed_with_how_often(capsys: pytest.CaptureFixture[str]) -> None:
    run, well = Run("x", []), Run("y", [])
    run.ended(1, FIRST)
    run.ended(1, "FAILED tests/a/test_b.py::test_d - assert 0\n1 failed")
    run.ended(0, "1 passed")
    well.ended(0, "FAILED is a word that a passing run may print\n3 passed")
    assert run.status == 0
    print_failures([run, well])
    assert capsys.readouterr().out.splitlines() == [
        "failed 1 of 3 times: tests/a/test_b.py::test_c[one two]",
        "failed 2 of 3 times: tests/a/test_b.py::test_d",
        "failed 1 of 3 times: tests/a/test_b.py::test_e",
    ]


def test_each_file_has_one_run() -> None:
    runs = [*waiting_runs(), *computing_runs()]
    files = [ROOT / path for run in runs for path in run.arguments if path.endswith(".py")]
    folders = [ROOT / path for paths in (*WAITING.values(), *COMPUTING.values()) for path in paths]
    found = [*files, *(file for folder in folders for file in folder.rglob("test_*.py"))]
    left_out = {Path(one.removeprefix("--ignore=")) for one in runs[-1].arguments if one.startswith("--ignore=")}
    rest = [file for file in (ROOT / "tests").rglob("test_*.py") if not left_out & set(file.relative_to(ROOT).parents)]
    assert sorted([*found, *rest]) == sorted((ROOT / "tests").rglob("test_*.py"))
