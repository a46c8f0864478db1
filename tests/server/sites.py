"""A small site, written as objects: one entry, one menu, one queue, agents with browsers and with phones."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from config.calendar import Calendar
from config.site import AgentConfig, Channel, Entry, Named, QueueConfig, Reason, ServiceLevel, Site, TeamConfig
from ivr.flow import Choice, Flow, Goodbye, Menu, Queue
from router.vocabulary import Medium, Requirement

DEMO = Path(__file__).parents[2] / "config" / "demo"
SECOND = 1_000_000
WEEK: tuple[tuple[tuple[int, int], ...], ...] = (((0, 1440),),) * 7

FLOW = Flow(
    name="main",
    title="Main",
    language="en",
    start="menu",
    nodes={
        "menu": Menu(
            "menu",
            ("main-menu",),
            {"1": Choice("orders", "orders"), "2": Choice("gone", "gone"), "9": Choice("bye", "bye")},
            "bye",
        ),
        "orders": Queue("orders", "orders"),
        "gone": Queue("gone", "gone"),
        "bye": Goodbye("bye", ("digit-1",)),
    },
)
ORDERS = QueueConfig(
    name="orders",
    title="Orders",
    medium=Medium.VOICE,
    requirements=(Requirement("english", 3),),
    teams=(),
    priority=0,
    offer_timeout_us=20 * SECOND,
    wrap_up_us=60 * SECOND,
    reject_rest_us=30 * SECOND,
    service_level=ServiceLevel(10 * SECOND, 0.8),
    dispositions=("sold",),
    music="music/hold",
    welcome=(),
    announce_place_every_us=30 * SECOND,
)


def agent(agent_id: str, **changes: Any) -> AgentConfig:
    """An agent of the first line with a browser."""
    plain = AgentConfig(
        agent_id=agent_id,
        display_name=agent_id.title(),
        team="line1",
        role="agent",
        skills={"english": 5},
        capacity={Medium.VOICE: 1},
        total_units=1,
        station="webrtc",
        sip_user="",
    )
    return replace(plain, **changes)


def small_site(agents: Mapping[str, AgentConfig] | None = None, queue: QueueConfig = ORDERS, **changes: Any) -> Site:
    """Entry 400, queue `orders`, agent anna unless others are given."""
    site = Site(
        name="Test site",
        time_zone="UTC",
        languages=("en",),
        root=DEMO,
        entries={"400": Entry("400", "main", "line")},
        skills={"english": Named("english", "English")},
        queues={queue.name: queue},
        teams={"line1": TeamConfig("line1", "First line")},
        agents=agents if agents is not None else {"anna": agent("anna")},
        not_ready_reasons={"lunch": Reason("lunch", "Lunch", limit_us=1800 * SECOND)},
        dispositions={"sold": Named("sold", "Sold"), "lost": Named("lost", "Lost")},
        calendars={"always": Calendar("always", "Always", "UTC", WEEK)},
        channels={"line": Channel("line", 1, "Line", "voice", "", "line1", "", "always", 1, "")},
        flows={"main": FLOW},
        prompts=frozenset(),
        demo_password="",
    )
    return replace(site, **changes)
