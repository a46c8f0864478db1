"""Readers of settings: what each takes, and what it says of the rest."""

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import pytest

from config import setting_readers as read

GOOD: list[tuple[Callable[[str], object], str, object]] = [
    (read.whole(1, 5, unit=1000), "5", 5000),
    (read.one_of("text", "json"), "JSON", "json"),
    (read.address, "localhost", "127.0.0.1"),
    (read.optional_address, "", ""),
    (read.networks, "10.0.0.5, 192.168.7.0/24,", (ip_network("10.0.0.5/32"), ip_network("192.168.7.0/24"))),
    (read.ports, "2000-2001", (2000, 2001)),
    (read.url("redis://", "unix://"), "unix:///x", "unix:///x"),
    (read.url("redis://"), "", ""),
    (read.page_url, "https://node1.example.com:8443/", "https://node1.example.com:8443"),
    (read.node_name, "node-1.a_b", "node-1.a_b"),
    (read.shard_name, "south-2", "south-2"),
    (read.optional_file, "", None),
    (read.optional_file, __file__, Path(__file__)),
    (read.path, "not/there/yet", Path("not/there/yet")),
]
BAD: list[tuple[Callable[[str], object], str]] = [
    (read.whole(1, 5), "6"),
    (read.whole(1, 5), " 3"),
    (read.one_of("text", "json"), "xml"),
    (read.address, ""),
    (read.networks, "10.0.0.1/8"),
    *((read.ports, text) for text in ("3000-2000", "2001-3000", "80-90", "2000-70000", "2000-2000", "2000")),
    (read.url("redis://", "unix://"), "http://x"),
    (read.page_url, "https://node1.example.com/agent"),
    (read.node_name, "-node"),
    (read.node_name, "n" * 55),
    *((read.shard_name, text) for text in ("", "South", "a_b", "{x}", "s" * 32)),
    (read.optional_file, "no/such/file.pem"),
    (read.path, ""),
]


@pytest.mark.parametrize(("reader", "text", "value"), GOOD)
def test_what_is_taken(reader: Callable[[str], object], text: str, value: object) -> None:
    assert reader(text) == value


@pytest.mark.parametrize(("reader", "text"), BAD)
def test_what_is_refused_is_told_what_is_expected(reader: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError, match=" expected"):
        reader(text)
