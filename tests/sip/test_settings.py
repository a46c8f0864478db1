"""Defaults of the settings."""

from tests.sip.rig import local_settings


def test_nothing_is_reachable_from_outside_by_default() -> None:
    assert local_settings().host == "127.0.0.1"
