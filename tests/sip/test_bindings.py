"""The store of bindings in memory."""

from sip.bindings import Binding, MemoryBindings
from sip.flow import Flow

ONE = Binding("1001", "sip:a@h", 1000, 5, "c", 1, "TCP", "192.0.2.1", 5)


async def test_save_load_and_remove() -> None:
    store = MemoryBindings()
    await store.save("1001", [ONE])
    assert await store.load() == [ONE]
    await store.save("1001", [])
    await store.save("1001", [])
    assert await store.load() == []


def test_the_flow_of_a_binding() -> None:
    assert ONE.flow == Flow("TCP", "192.0.2.1", 5)
