"""Where the other nodes' pages are: of those that are reached, and the origins of all that ever were."""

from collections.abc import Callable

import pytest

from server.nodes.peer_pages import PeerPages, origin_of
from server.tasks import TaskOwner
from store.errors import StoreLost
from tests.waiting import until


class Peers:
    def __init__(self, *labels: str) -> None:
        self.labels = set(labels)
        self.found: list[Callable[[str], None]] = []
        self.lost: list[Callable[[str], None]] = []

    @property
    def reached(self) -> frozenset[str]:
        return frozenset(self.labels)


async def test_pages_are_told_of_the_nodes_that_live_and_may_come_from_those_that_do_not() -> None:
    register = {"a": "http://10.0.0.1:8080", "b": "https://b.example.org", "c": "http://10.0.0.3:8080"}
    away = False

    async def pages() -> dict[str, str]:
        if away:
            raise StoreLost("away")
        return dict(register)

    tasks, peers = TaskOwner(), Peers("b.1", "c.2")
    made = PeerPages(register["a"], pages, peers, tasks)
    made.begin()
    await until(lambda: len(made.addresses) == 2)
    assert list(made.addresses) == ["http://10.0.0.3:8080", "https://b.example.org"]
    assert made.origins == {"https://b.example.org", "http://10.0.0.3:8080"}
    peers.labels.remove("c.2")
    assert list(made.addresses) == ["https://b.example.org"]
    assert "http://10.0.0.3:8080" in made.origins, "its pages may still be about"
    register["d"] = "http://10.0.0.4:8080"
    peers.labels.add("d.1")
    away = True
    peers.found[0]("d.1")
    await tasks.aclose()
    assert len(made.addresses) == 1
    away = False
    peers.found[0]("d.1")
    await until(lambda: len(made.addresses) == 2)
    await tasks.aclose()


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("http://10.0.0.1:80/", "http://10.0.0.1"),
        ("https://Node1.example.org:443", "https://node1.example.org"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_origins_are_written_as_browsers_do(address: str, origin: str) -> None:
    assert origin_of(address) == origin
