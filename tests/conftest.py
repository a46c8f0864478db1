"""Fixtures that every package's tests may use."""

import asyncio
import logging
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import structlog

from tests.left_open import watched
from tests.postgres import postgres_binaries, running_postgres
from tests.redis_sites import cluster_of
from tests.valkey import REDIS_SERVER, fresh_shard, running_server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With NO_SKIPS=1, as in CI, a test that cannot run fails: a missing program must not look like success."""
    report = yield
    if report.skipped and os.environ.get("NO_SKIPS") == "1" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome, report.longrepr = "failed", f"NO_SKIPS=1 allows no skip: {reason}"
    return report


@pytest.fixture(name="_function_scoped_runner")
def watched_loop(_function_scoped_runner: asyncio.Runner) -> Iterator[asyncio.Runner]:
    """In the place of pytest-asyncio's: a connection that a test leaves open fails it."""
    yield from watched(_function_scoped_runner)


@pytest.fixture(scope="module", name="_module_scoped_runner")
def watched_module_loop(_module_scoped_runner: asyncio.Runner) -> Iterator[asyncio.Runner]:
    """As `watched_loop`, for the loop of a module."""
    yield from watched(_module_scoped_runner)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Commands that a test runs in this process set up logging to what stands in for the terminal at that moment."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a real Valkey for the whole session; tests keep apart by `shard`."""
    with running_server(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture(scope="session")
def old_store_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the installed redis-server (Debian: the floor, 7.0)."""
    if REDIS_SERVER is None:
        pytest.skip("redis-server is not installed")
    with running_server(tmp_path_factory.mktemp("redis"), Path(REDIS_SERVER)) as url:
        yield url


@pytest.fixture(scope="session")
def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a cluster of three of the installed redis-server; tests keep apart by `shard`."""
    if REDIS_SERVER is None:
        pytest.skip("redis-server is not installed")
    with cluster_of(tmp_path_factory.mktemp("cluster"), 3, Path(REDIS_SERVER)) as cluster:
        yield cluster.url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a real PostgreSQL for the whole session; `fresh_database` keeps tests apart."""
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    with running_postgres(binaries) as url:
        yield url


@pytest.fixture
def shard() -> str:
    """A shard name of this test's own."""
    return fresh_shard()
