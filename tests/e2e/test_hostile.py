"""Nonsense by every way in, a little of it (soak/ has 100,000 of each): nobody else notices, nothing is left."""

from collections.abc import Iterator

import pytest

from tests.e2e.hostile_runs import CASES, Measure, patient_server, tried
from tests.e2e.office import Office
from tests.e2e.server import Server

# Memory: caches, pools and the allocator's own; soak/ shows that it ends.
LITTLE = Measure(count=1_500, connections=300, mib=24.0, held_s=2.0, packets=40)


@pytest.fixture(scope="module")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with patient_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.mark.parametrize("case", CASES)
async def test_nobody_notices_nonsense(running_server: Server, office: Office, case: str) -> None:
    print(await tried(running_server, office, case, LITTLE))
