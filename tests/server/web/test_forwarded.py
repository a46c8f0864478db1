"""The client's address behind proxies, and what others make up."""

from ipaddress import ip_network
from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from server.web.forwarded import FORWARDED, X_FORWARDED_FOR, ClientAddress

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def request(remote: str, header: str, *values: str) -> web.Request:
    transport = Mock()
    transport.get_extra_info = lambda name, default=None: (remote, 1) if name == "peername" else default
    headers = CIMultiDict((header, value) for value in values)
    return make_mocked_request("GET", "/", headers=headers, transport=transport)


@pytest.mark.parametrize(
    ("remote", "values", "found"),
    [
        ("10.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("1.1.1.1, 203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("1.1.1.1", "203.0.113.7, 10.9.9.9"), "203.0.113.7"),
        ("10.0.0.1", ("203.0.113.7:4711",), "203.0.113.7"),
        ("10.0.0.1", ("[2001:db8::7]:4711, fd00::1",), "2001:db8::7"),
        ("10.0.0.1", ("2001:db8::7",), "2001:db8::7"),
        ("10.0.0.1", ("::ffff:203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("10.2.2.2, 10.3.3.3",), "10.2.2.2"),
        ("10.0.0.1", ("203.0.113.7, unknown, 10.3.3.3",), "10.3.3.3"),
        ("10.0.0.1", ("",), "10.0.0.1"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("203.0.113.9", ("1.1.1.1",), "203.0.113.9"),
    ],
)
def test_only_what_trusted_proxies_wrote_counts(remote: str, values: tuple[str, ...], found: str) -> None:
    assert ClientAddress(PROXIES)(request(remote, X_FORWARDED_FOR, *values)) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("for=203.0.113.7;proto=https;by=10.0.0.1", "203.0.113.7"),
        ('For="[2001:db8::7]:4711"', "2001:db8::7"),
        ("for=1.1.1.1, for=203.0.113.7", "203.0.113.7"),
        ('for=203.0.113.7, for="10.3.3.3:80";by="a,b;for=9.9.9.9"', "203.0.113.7"),
        ("for=203.0.113.7, for=_hidden", "10.0.0.1"),
        ("proto=https", "10.0.0.1"),
    ],
)
def test_the_standard_header(value: str, found: str) -> None:
    assert ClientAddress(PROXIES, FORWARDED)(request("10.0.0.1", FORWARDED, value)) == found


def test_without_trusted_proxies_and_in_the_other_header_nobody_is_believed() -> None:
    assert ClientAddress()(request("10.0.0.1", X_FORWARDED_FOR, "203.0.113.7")) == "10.0.0.1"
    assert ClientAddress(PROXIES)(request("10.0.0.1", FORWARDED, "for=203.0.113.7")) == "10.0.0.1"
