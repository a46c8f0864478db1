"""Each node in a network namespace of its own, joined by a bridge; packets are dropped where they arrive (iptables).

Everything is in one more namespace, in which the harness runs: nothing of it is seen from outside, and all of it is
gone with its last process. A packet that is dropped on arrival is lost for its sender without a word, as on a real
network; one that is dropped on its way out would be an error of the sender's socket.
"""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.e2e.waiting import wait_until

NETWORK = "10.77.0"
HUB = f"{NETWORK}.1"
BRIDGE, OUTSIDE = "jfbridge", "outside"
MADE_S = 10.0
PROBE = """
ip link set lo up && ip link add jfprobe type bridge && ip link add jfone type veth peer name jftwo &&
iptables -A INPUT -m statistic --mode random --probability 0.5 -j DROP
"""
Rule = tuple[str, ...]


def why_not() -> str:
    """Why there can be no namespaces with lossy links here, "" if they can."""
    missing = [name for name in ("unshare", "nsenter", "ip", "iptables") if shutil.which(name) is None]
    if missing:
        return f"there is no {', '.join(missing)}"
    tried = subprocess.run(["unshare", "--net", "sh", "-c", PROBE], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else tried.stderr.strip() or "unshare failed"


def within(command: Sequence[str]) -> list[str]:
    """The command in a new namespace without any network but its own loopback."""
    return ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command]


@dataclass(slots=True)
class Namespace:
    """A node's. It lives as long as its holder."""

    host: str
    holder: "subprocess.Popen[bytes]"

    def command(self, plain: Sequence[str]) -> list[str]:
        """The same command, in there; it keeps the process id."""
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", *plain]


@dataclass(slots=True)
class Namespaces:
    """`make`, then `of` for each node, in a namespace of one's own (`within`)."""

    host: str = HUB
    nodes: dict[str, Namespace] = field(default_factory=dict)

    async def make(self, names: Iterable[str]) -> "Namespaces":
        """The bridge and a namespace for each name."""
        _run(["ip", "link", "add", BRIDGE, "type", "bridge"])
        _run(["ip", "addr", "add", f"{HUB}/24", "dev", BRIDGE])
        _run(["ip", "link", "set", BRIDGE, "up"])
        for number, name in enumerate(names):
            await self._add(name, number)
        return self

    async def _add(self, name: str, number: int) -> None:
        holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        place = self.nodes[name] = Namespace(f"{NETWORK}.{number + 10}", holder)
        own = os.readlink("/proc/self/ns/net")

        async def apart() -> bool:
            return os.readlink(f"/proc/{holder.pid}/ns/net") != own

        await wait_until(apart, MADE_S, f"a namespace for {name}", 0.01)
        link = f"jf{number}"
        _run(["ip", "link", "add", link, "type", "veth", "peer", "name", OUTSIDE, "netns", str(holder.pid)])
        _run(["ip", "link", "set", link, "master", BRIDGE, "up"])
        for more in (["addr", "add", f"{place.host}/24", "dev", OUTSIDE], ["link", "set", OUTSIDE, "up"]):
            _run(place.command(["ip", *more]))
        _run(place.command(["ip", "link", "set", "lo", "up"]))

    def of(self, name: str) -> Namespace:
        """Where this node runs."""
        return self.nodes[name]

    def close(self) -> None:
        """The holders end, and their namespaces with the last process in them."""
        for place in self.nodes.values():
            place.holder.kill()
            place.holder.wait()

    # --- what is dropped; each until its context ends --------------------------------------------------------------

    def store(self, name: str, port: int, *, out: bool, back: bool) -> "Dropping":
        """What the node says to the store, whose way listens on `port`, and what it is told."""
        rules: list[tuple[str, Rule]] = []
        if out:
            rules.append(("", ("-s", self.of(name).host, "-p", "tcp", "--dport", str(port))))
        if back:
            rules.append((name, ("-s", HUB, "-p", "tcp", "--sport", str(port))))
        return Dropping(self, rules)

    def peers(self, name: str, *, out: bool, back: bool) -> "Dropping":
        """What the node says to all other nodes, and what they say to it."""
        others = [other for other in self.nodes if other != name]
        rules: list[tuple[str, Rule]] = []
        if out:
            rules += [(other, ("-s", self.of(name).host)) for other in others]
        if back:
            rules += [(name, ("-s", self.of(other).host)) for other in others]
        return Dropping(self, rules)

    def all(self, name: str, share: float = 1.0) -> "Dropping":
        """This share of everything from and to the node."""
        some = () if share >= 1 else ("-m", "statistic", "--mode", "random", "--probability", f"{share:.3f}")
        places = ["", *(other for other in self.nodes if other != name)]
        said = [(place, ("-s", self.of(name).host, *some)) for place in places]
        return Dropping(self, [*said, (name, ("-i", OUTSIDE, *some))])

    def rule(self, verb: str, place: str, rule: Rule) -> None:
        """`verb`: -A or -D. In the hub's namespace where `place` is ""."""
        command = ["iptables", "-w", verb, "INPUT", *rule, "-j", "DROP"]
        _run(command if not place else self.of(place).command(command))


@dataclass(frozen=True, slots=True)
class Dropping:
    """Rules, each with the node on whose side it is ("": the hub)."""

    network: Namespaces
    rules: Sequence[tuple[str, Rule]]

    async def last(self, seconds: float) -> None:
        """They hold for so long."""
        for place, rule in self.rules:
            self.network.rule("-A", place, rule)
        try:
            await asyncio.sleep(seconds)
        finally:
            for place, rule in self.rules:
                self.network.rule("-D", place, rule)


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
