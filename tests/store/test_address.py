"""URLs of servers."""

import pytest

from store.address import Address, parse_address


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://", Address(None, "127.0.0.1", 6379, 0)),
        ("redis://db.example:7000/2", Address(None, "db.example", 7000, 2)),
        ("redis://:p%40ss@h", Address(None, "h", 6379, 0, None, "p@ss")),
        ("redis://ann:p@[::1]:1", Address(None, "::1", 1, 0, "ann", "p")),
        ("unix:///run/v.sock", Address("/run/v.sock", "", 0, 0)),
        ("unix://:p@/run/a%20b.sock?db=4", Address("/run/a b.sock", "", 0, 4, None, "p")),
    ],
)
def test_urls(url: str, expected: Address) -> None:
    assert parse_address(url) == expected


@pytest.mark.parametrize(
    "url", ["", "http://h", "rediss://h", "unix://", "redis://h:port", "redis://h/x", "unix:///s?db=x"]
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_address(url)


def test_a_password_is_not_shown() -> None:
    address = parse_address("redis://:secret@h/1")
    assert "secret" not in repr(address) + str(address)
    assert list(address.greeting()) == [("AUTH", "secret"), ("SELECT", "1")]
