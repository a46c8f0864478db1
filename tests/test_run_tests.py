"""tools.run_tests: what failed is known by name, and how often."""

import pytest

from tools.run_tests import Run, print_failures

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
