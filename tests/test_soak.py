"""The long runs, which no other test starts, find the fixtures that they share with tests/e2e."""

from soak import conftest as soak
from tests.e2e import conftest as e2e


def test_every_fixture_of_a_running_server_is_there_for_the_long_runs() -> None:
    shared = {name for name, one in vars(e2e).items() if type(one).__name__ == "FixtureFunctionDefinition"}
    assert "running_server" in shared
    assert shared <= vars(soak).keys()
