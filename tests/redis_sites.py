"""Several real servers that belong together: a cluster, and a master with a replica under sentinels."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from redis import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from server.persistence.embedded import valkey_binary
from tests.ports import free_port
from tests.valkey import started_server, tcp_server

SLOTS = 16384
READY_S = 30.0
MASTER = "site"
LASTING = ("--appendonly", "yes", "--repl-diskless-sync-delay", "0")
Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class ClusterSite:
    """Masters, each with its port and process; `replicas` likewise, of the masters in the same order."""

    ports: list[int]
    processes: list[Process]
    replicas: list[int]

    @property
    def url(self) -> str:
        """For `open_store`: two of the nodes will do."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port in self.ports[:2])

    def holder(self, key: bytes) -> int:
        """Which master has the slot of `key`, by index."""
        mine = [at for at, port in enumerate(self.ports) if key_slot(key) in _own_slots(port)]
        assert len(mine) == 1, mine
        return mine[0]

    def move(self, key: bytes, target: int) -> None:
        """Move the slot of `key` to another master, key by key, as redis-cli --cluster reshard does."""
        slot, source = key_slot(key), self.ports[self.holder(key)]
        ids = {port: _ask(port, "CLUSTER", "MYID") for port in self.ports}
        goal = self.ports[target]
        _ask(goal, "CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
        _ask(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", ids[goal])
        while keys := _ask(source, "CLUSTER", "GETKEYSINSLOT", slot, 10):
            _ask(source, "MIGRATE", "127.0.0.1", goal, "", 0, 5000, "KEYS", *keys)
        for port in (goal, source, *self.ports):
            _ask(port, "CLUSTER", "SETSLOT", slot, "NODE", ids[goal])


@contextmanager
def cluster_of(
    folder: Path, masters: int, binary: Path | None = None, *, replicas: bool = False, down_after_ms: int = 1000
) -> Iterator[ClusterSite]:
    """A cluster of that many masters with even shares of the slots, and a replica of each where asked for."""
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        count = masters * (2 if replicas else 1)
        buses = [free_port() for _ in range(count)]
        started = [
            stack.enter_context(_cluster_node(folder / str(at), bus, binary, down_after_ms))
            for at, bus in enumerate(buses)
        ]
        ports = [port for _, port in started]
        for at, port in enumerate(ports):
            _ask(port, "CLUSTER", "SET-CONFIG-EPOCH", at + 1)
            if at < masters:
                _ask(port, "CLUSTER", "ADDSLOTSRANGE", SLOTS * at // masters, SLOTS * (at + 1) // masters - 1)
            if at:
                _ask(port, "CLUSTER", "MEET", "127.0.0.1", ports[0], buses[0])
        wait_for(lambda: all(_agree(port, count) for port in ports), "the cluster agrees")
        for port, master in zip(ports[masters:], ports, strict=False):
            name = _ask(master, "CLUSTER", "MYID")
            wait_for(partial(_done, port, "CLUSTER", "REPLICATE", name), "it replicates")
            wait_for(partial(in_step, port), "the replica is in step")
        yield ClusterSite(ports[:masters], [process for process, _ in started[:masters]], ports[masters:])


def _cluster_node(
    folder: Path, bus: int, binary: Path | None, down_after_ms: int
) -> AbstractContextManager[tuple[Process, int]]:
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", str(down_after_ms), "--cluster-port", str(bus))
    return tcp_server(folder, *options, "--appendonly", "yes", "--repl-diskless-sync-delay", "0", binary=binary)


def _agree(port: int, count: int) -> bool:
    info = _text(_ask(port, "CLUSTER", "INFO"))
    return "cluster_state:ok" in info and f"cluster_known_nodes:{count}" in info


def _own_slots(port: int) -> set[int]:
    own = _text(_ask(port, "CLUSTER", "MYID"))
    line = next(line for line in _text(_ask(port, "CLUSTER", "NODES")).splitlines() if line.startswith(own))
    found: set[int] = set()
    for part in line.split()[8:]:
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


@dataclass(frozen=True)
class SentinelSite:
    """A master, its replicas, and the sentinels that watch them."""

    master: tuple[Process, int]
    replicas: list[tuple[Process, int]]
    sentinels: list[int]
    folders: dict[int, Path]
    again: list[Process] = field(default_factory=list)

    @property
    def url(self) -> str:
        """For `open_store`."""
        return "redis+sentinel://" + ",".join(f"127.0.0.1:{port}" for port in self.sentinels) + f"/{MASTER}"

    def leads(self) -> int:
        """The port of the master as the sentinels name it."""
        return self._named_by(self.sentinels[0])

    def kill_master(self) -> int:
        """Whoever it is now; returns its port."""
        port = self.leads()
        for process, at in (self.master, *self.replicas):
            if at == port:
                process.kill()
        for process in self.again:
            if f"--port {port}" in " ".join(map(str, process.args if isinstance(process.args, list) else ())):
                process.kill()
        return port

    def give_up(self, *, forget: bool = True) -> int:
        """The sentinels promote a replica though the master lives, and goes on as one; returns its port.

        For some ten seconds; unless they `forget` it they make it a replica then.
        """
        old = self.leads()
        wait_for(lambda: _done(self.sentinels[0], "SENTINEL", "FAILOVER", MASTER), "the sentinels can fail over")
        wait_for(lambda: old not in map(self._named_by, self.sentinels), "all sentinels name another one")
        if forget:
            for sentinel in self.sentinels:
                _ask(sentinel, "SENTINEL", "RESET", MASTER)
            assert "role:master" in _info(old, "replication")
        return old

    def _named_by(self, sentinel: int) -> int:
        return int(_ask(sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)[1])

    def pause_master(self) -> int:
        """Whoever it is now stands still until `wake`, as on a machine that is too slow; returns its port."""
        port = self.leads()
        self._at(port).send_signal(signal.SIGSTOP)
        return port

    def wake(self, port: int) -> None:
        """It goes on as if nothing had been: a master still, for the sentinels wait before they make it a replica."""
        self._at(port).send_signal(signal.SIGCONT)

    def _at(self, port: int) -> Process:
        return next(process for process, at in (self.master, *self.replicas) if at == port)

    def bring_back(self, port: int) -> None:
        """One that was killed, as a replica of whoever leads now; it follows when this returns."""
        behind = ("--replicaof", "127.0.0.1", str(self.leads()))
        self.again.append(started_server(self.folders[port], port, *LASTING, *behind))
        wait_for(partial(in_step, port), "it follows")

    def promoted(self) -> list[int]:
        """Ports of replicas that are masters now."""
        return [port for _, port in self.replicas if "role:master" in _info(port, "replication")]


@contextmanager
def watched(folder: Path, *, replicas: int = 1, down_after_ms: int = 300) -> Iterator[SentinelSite]:
    """A master with append-only file, replicas, and three sentinels, two of which decide that it is down."""
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        master = stack.enter_context(tcp_server(folder / "master", *LASTING))
        behind = ("--replicaof", "127.0.0.1", str(master[1]))
        others = [stack.enter_context(tcp_server(folder / f"r{at}", *LASTING, *behind)) for at in range(replicas)]
        for _, port in others:
            wait_for(partial(in_step, port), "the replica is in step")
        sentinels = [
            stack.enter_context(_sentinel(folder / f"sentinel{at}", master[1], down_after_ms)) for at in range(3)
        ]
        wait_for(lambda: all(_sees(port, replicas) for port in sentinels), "the sentinels know each other")
        folders = {port: folder / f"r{at}" for at, (_, port) in enumerate(others)} | {master[1]: folder / "master"}
        site = SentinelSite(master, others, sentinels, folders)
        try:
            yield site
        finally:
            for process in site.again:
                process.kill()
                process.wait()


@contextmanager
def _sentinel(folder: Path, master: int, down_after_ms: int) -> Iterator[int]:
    folder.mkdir()
    port = free_port()
    (folder / "sentinel.conf").write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\nsentinel monitor {MASTER} 127.0.0.1 {master} 2\n"
        f"sentinel down-after-milliseconds {MASTER} {down_after_ms}\nsentinel failover-timeout {MASTER} 3000\n"
    )
    with (folder / "log").open("wb") as output:
        command = [str(valkey_binary()), str(folder / "sentinel.conf"), "--sentinel"]
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_for(lambda: _done(port, "PING"), "the sentinel answers")
        yield port
    finally:
        process.kill()
        process.wait()


def _sees(port: int, replicas: int) -> bool:
    found = [_text(each) for each in _ask(port, "SENTINEL", "MASTER", MASTER)]
    state = dict(zip(found[::2], found[1::2], strict=True))
    return (state["num-slaves"], state["num-other-sentinels"]) == (str(replicas), "2")


def in_step(port: int) -> bool:
    """Whether a replica follows its master."""
    return "master_link_status:up" in _info(port, "replication")


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Poll until it holds, at most `READY_S`."""
    deadline = time.monotonic() + READY_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)


def _ask(port: int, *command: Any) -> Any:
    with Redis(port=port, protocol=2) as redis:
        redis.response_callbacks.clear()
        return redis.execute_command(*command)


def _done(port: int, *command: Any) -> bool:
    try:
        _ask(port, *command)
    except (RedisError, OSError):
        return False
    return True


def _info(port: int, section: str) -> str:
    return _text(_ask(port, "INFO", section))


def _text(answer: Any) -> str:
    return answer.decode() if isinstance(answer, bytes) else str(answer)
