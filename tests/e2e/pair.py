"""Two whole servers on one Redis and one database."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.databases import made
from tests.e2e.server import ROOT, Server
from tests.e2e.site import make_site
from tests.e2e.test_trunks import TRUNK
from tests.ports import HOST
from tests.valkey import running_server

LEASE_MS = 1000


class Pair:
    """Two nodes; the first to start owns the shard. `key` is a program's."""

    def __init__(self, folder: Path, store_url: str, database: str = "", more: tuple[str, ...] = ()) -> None:
        self._database = database or made(folder / "shared.db")
        self._site = make_site(folder)
        shared = [f"--redis-url={store_url}", f"--database-url={self._database}", f"--lease-ms={LEASE_MS}", *more]
        self.one, self.two = (self._server(folder / name, name, shared) for name in ("one", "two"))

    def _server(self, folder: Path, name: str, shared: list[str]) -> Server:
        folder.mkdir()
        return Server(folder, self._site, [*shared, f"--node={name}"])

    @property
    def site(self) -> Path:
        """The folder of their site, to be edited before they start."""
        return self._site

    async def drain(self, server: Server) -> str:
        command = (sys.executable, "-m", "server", "drain", f"--data-dir={server.data_dir}", f"--site={self._site}")
        done = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        out, _ = await done.communicate()
        return out.decode().strip()

    def make_key(self) -> str:
        command = [sys.executable, "-m", "server", "make-api-key", "crm", f"--database-url={self._database}"]
        made = subprocess.run([*command, f"--site={self._site}"], cwd=ROOT, capture_output=True, text=True, check=True)
        return made.stdout.split()[-1]


@contextmanager
def running_pair(
    folder: Path, database: str = "", edit: Callable[[Path], None] = lambda _site: None, more: tuple[str, ...] = ()
) -> Iterator[Pair]:
    """Both have started; however they end, nothing is left of them. `edit` changes their site before."""
    with running_server(folder / "store") as store_url:
        made = Pair(folder, store_url, database, more)
        edit(made.site)
        try:
            made.one.start()
            made.two.start()
            yield made
        finally:
            made.one.close()
            made.two.close()


def calling_back(trunk_port: int, site: Path) -> None:
    """Callers whose node is gone are called back, by a trunk at that port."""
    queues = site / "queues.toml"
    queues.write_text(queues.read_text().replace("[orders]", '[orders]\nwhen_node_lost = "call_back"', 1))
    (site / "calls.toml").write_text(TRUNK.format(host=HOST, port=trunk_port))


def events(server: Server, name: str) -> list[dict[str, Any]]:
    return [line for line in server.log() if line["event"] == name]
