"""What is done for each kind of fault, and to whom."""

import random
from collections.abc import Awaitable, Callable

from tests.failure.faults import DRAINS, KILLS, Fault, Kind
from tests.failure.history import Diary
from tests.failure.namespaces import Namespaces
from tests.failure.stage import Stage
from tests.failure.ways import Direction

SLOW_S = 0.03
# The share of packets that is lost.
LOST = (0.03, 0.3)
# The stage says itself which node it kills or stops; these touch none.
OF_OTHERS = KILLS | DRAINS | {Kind.PAUSE_OWNER, Kind.PAUSE_FOLLOWER, Kind.PAUSE_REDIS, Kind.CUT_CLIENTS}


async def act(stage: Stage, fault: Fault, diary: Diary) -> None:
    """Returns when it is over, but for what is started again beside what comes next."""
    dice = random.Random(fault.dice)
    owner = await stage.owner()
    follower = dice.choice([name for name in stage.nodes if name != owner])
    anyone = dice.choice(list(stage.nodes))
    crew = dice.choice([name for name in stage.clients if name != "customers"])
    way, length_s = stage.nodes[anyone].way, fault.length_s
    if fault.kind not in OF_OTHERS:
        stage.down(anyone, fault.kind)
    diary.write("stage", "fault", text=f"{fault.kind} {length_s:.2f}", node=owner or "")
    actions: dict[Kind, Callable[[], Awaitable[None]]] = {
        Kind.KILL_OWNER: lambda: stage.kill_node(owner or follower, length_s),
        Kind.KILL_FOLLOWER: lambda: stage.kill_node(follower, length_s),
        Kind.KILL_REDIS: lambda: stage.kill_redis(length_s),
        Kind.KILL_AGENTS: lambda: stage.kill_client(crew, length_s),
        Kind.KILL_CUSTOMERS: lambda: stage.kill_client("customers", length_s),
        Kind.KILL_ALL: lambda: stage.kill_all(length_s),
        Kind.PAUSE_OWNER: lambda: stage.pause_node(owner or follower, length_s),
        Kind.PAUSE_FOLLOWER: lambda: stage.pause_node(follower, length_s),
        Kind.PAUSE_REDIS: lambda: stage.pause_redis(length_s),
        Kind.CUT_STORE: way.cut,
        Kind.SILENCE_STORE: lambda: way.silence(length_s),
        Kind.SLOW_STORE: lambda: way.slow(length_s, SLOW_S),
        Kind.CUT_CLIENTS: lambda: stage.cut_clients(anyone),
        Kind.LOSE_PACKETS: lambda: _lose(stage, anyone, length_s, dice),
        Kind.MUTE_TO_STORE: lambda: _part_store(stage, anyone, length_s, Direction.OUT),
        Kind.DEAF_TO_STORE: lambda: _part_store(stage, anyone, length_s, Direction.BACK),
        Kind.PART_PEERS: lambda: _apart(stage).peers(anyone, out=True, back=True).last(length_s),
        Kind.MUTE_TO_PEERS: lambda: _apart(stage).peers(anyone, out=True, back=False).last(length_s),
        Kind.CUT_OFF: lambda: _apart(stage).all(anyone).last(length_s),
        Kind.DRAIN_OWNER: lambda: stage.drain_node(owner or follower),
        Kind.DRAIN_FOLLOWER: lambda: stage.drain_node(follower),
    }
    await actions[fault.kind]()


def _apart(stage: Stage) -> Namespaces:
    """Raises AssertionError where the nodes have no networks of their own: the schedule should have none of it."""
    assert isinstance(stage.places, Namespaces)
    return stage.places


async def _lose(stage: Stage, name: str, seconds: float, dice: random.Random) -> None:
    """Of everything to and from the node; on loopback of what it and the store say."""
    share = dice.uniform(*LOST)
    if isinstance(stage.places, Namespaces):
        await stage.places.all(name, share).last(seconds)
    else:
        await stage.nodes[name].way.lose(seconds, share, dice)


async def _part_store(stage: Stage, name: str, seconds: float, direction: Direction) -> None:
    """One way: the node is not heard, or hears nothing."""
    way, out = stage.nodes[name].way, direction is Direction.OUT
    if isinstance(stage.places, Namespaces):
        await stage.places.store(name, way.port, out=out, back=not out).last(seconds)
    else:
        await way.silence(seconds, {direction})
