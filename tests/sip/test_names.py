"""Compact names and capitals."""

from sip.names import KNOWN, canonical, row_name


def test_canonical_names() -> None:
    assert [canonical(n) for n in ("i", "CALL-ID", "www-authenticate", "cseq", "x-a")] == [
        "Call-ID", "Call-ID", "WWW-Authenticate", "CSeq", "X-A",
    ]  # fmt: skip


def test_known_names_are_canonical_and_others_are_made_so() -> None:
    assert {row_name(name) for name in KNOWN} == KNOWN
    assert (row_name("x-NEW"), row_name("no token"), row_name("A" * 100)) == ("X-New", "", "A" + "a" * 99)
