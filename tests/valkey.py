"""Real servers for tests: the embedded Valkey, and Debian's redis-server where it is installed."""

import asyncio
import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.embedded import EmbeddedValkey

REDIS_SERVER = shutil.which("redis-server")
_numbers = itertools.count(1)


@contextmanager
def running_server(data_dir: Path, binary: Path | None = None) -> Iterator[str]:
    """Run a server and give its URL."""
    server = EmbeddedValkey(data_dir, binary=binary)
    asyncio.run(server.start())
    try:
        yield server.url
    finally:
        asyncio.run(server.stop())


def fresh_shard() -> str:
    """Return a shard name that no other test uses, in place of emptying the server."""
    return f"s{next(_numbers)}"
