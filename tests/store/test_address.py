"""URLs of servers."""

import pytest

from store.address import Address, Cluster, Login, Place, Sentinels, parse_address
from store.errors import AddressError


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://", Address(None, "127.0.0.1", 6379)),
        ("redis://db.example:7000/2", Address(None, "db.example", 7000, Login(2))),
        ("redis://:p%40ss@h", Address(None, "h", 6379, Login(0, None, "p@ss"))),
        ("redis://ann:p@[::1]:1", Address(None, "::1", 1, Login(0, "ann", "p"))),
        ("unix:///run/v.sock", Address("/run/v.sock", "", 0)),
        ("unix://:p@/run/a%20b.sock?db=4", Address("/run/a b.sock", "", 0, Login(4, None, "p"))),
        ("redis+sentinel://h/site", Sentinels((("h", 26379),), "site")),
        (
            "redis+sentinel://:p@a:1,[::1]:2,c/site/3",
            Sentinels((("a", 1), ("::1", 2), ("c", 26379)), "site", Login(3, None, "p")),
        ),
        ("redis+cluster://a:7000,b", Cluster((("a", 7000), ("b", 6379)))),
        ("redis+cluster://ann:p@a", Cluster((("a", 6379),), Login(0, "ann", "p"))),
    ],
)
def test_urls(url: str, expected: Place) -> None:
    assert parse_address(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://h",
        "rediss://h",
        "unix://",
        "redis://h:port",
        "redis://h/x",
        "redis://a,b",
        "unix:///s?db=x",
        "redis+sentinel://a:1",
        "redis+sentinel:///site",
        "redis+sentinel://a,,b/site",
        "redis+cluster://a/1",
        "redis+cluster://",
    ],
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(AddressError, match=r"the URL of the store cannot be used: .+"):
        parse_address(url)


def test_a_password_is_not_shown() -> None:
    address = parse_address("redis://:secret@h/1")
    assert "secret" not in repr(address) + str(address)
    assert isinstance(address, Address)
    assert list(address.login.greeting()) == [("AUTH", "secret"), ("SELECT", "1")]
