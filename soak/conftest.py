"""The long runs use the whole-server fixtures of tests/e2e."""

from tests.conftest import pytest_runtest_makereport, watched_loop, watched_module_loop
from tests.e2e.conftest import (
    _loopback_only,
    _programs,
    browser,
    fresh,
    office,
    running_server,
    site_edits,
    site_times,
    trunk_port,
)

__all__ = [
    "_loopback_only",
    "_programs",
    "browser",
    "fresh",
    "office",
    "pytest_runtest_makereport",
    "running_server",
    "site_edits",
    "site_times",
    "trunk_port",
    "watched_loop",
    "watched_module_loop",
]
