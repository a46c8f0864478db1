"""What is done for each kind of fault, and to whom."""

import random
from collections.abc import Awaitable, Callable

from tests.failure.faults import Fault, Kind
from tests.failure.history import Diary
from tests.failure.stage import Stage

SLOW_S = 0.03


async def act(stage: Stage, fault: Fault, diary: Diary) -> None:
    """Returns when it is over, but for what is started again beside what comes next."""
    dice = random.Random(fault.dice)
    owner = await stage.owner()
    follower = dice.choice([name for name in stage.nodes if name != owner])
    anyone = dice.choice(list(stage.nodes))
    crew = dice.choice([name for name in stage.clients if name != "customers"])
    way, length_s = stage.nodes[anyone].way, fault.length_s
    if fault.kind in (Kind.CUT_STORE, Kind.SILENCE_STORE, Kind.SLOW_STORE):
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
    }
    await actions[fault.kind]()
