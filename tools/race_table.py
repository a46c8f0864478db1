"""Draws docs/states/races.md: what the dispatcher does at every event in every state of an item and of an agent.

python -m tools.race_table            writes the page
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from msgspec import structs

from router import events as ev
from router.commands import (
    AnswerHandoff,
    CloseWork,
    Command,
    DivertWork,
    Refuse,
    SendOffer,
    ShowPresence,
    WithdrawOffer,
)
from router.dispatcher import Dispatcher
from router.policy import AgentPolicy, Elsewhere, Exit, Policy, QueuePolicy
from router.vocabulary import EndedBy, Medium, Outcome, Presence

PAGE = Path(__file__).parent.parent / "docs" / "states" / "races.md"
SECOND = 1_000_000
START = 1_000 * SECOND
FAR = Elsewhere("south", Medium.VOICE)
# Under which the item leaves: the time of the fourth event of its scene.
NUMBER = START + 4_000

WORK_STATES = (
    "waiting",
    "scheduled",
    "promised",
    "offered",
    "offered to two",
    "assigned",
    "calling back",
    "connected",
    "parked",
    "back",
    "wrap_up",
    "a call that leaves",
    "leaving",
    "ended on its way",
    "closed",
)
AGENT_STATES = ("offline", "not_ready", "ready", "away", "offered", "assigned", "connected", "parked", "wrap_up")

INTRO = """# Races: every event in every state

Drawn by `python -m tools.race_table`, which plays each cell; `tests/router/test_races.py` compares and checks the
invariants after it. In each cell: the commands of the turn, then the state that follows if it is another. A dash: no
command, which is what late news deserves; whoever asks for something that is not possible gets `Refuse` with a code.

One item, with ann ready (and bob, where two have the offer). *scheduled*: its time has not come. *promised*: a waiting
callback. *calling back*: the accepted offer of a callback, the customer is being called. *parked*: ann parked it, until
a minute later. *back*: its customer was heard, and ann is not ready. *closed*: gone.
*leaving*: on its way to another shard. *a call that leaves*: no node there has made room for it yet. *ended on its
way*: its customer has left since.
"""
AGENT_INTRO = """
One agent. *away*: ready, but the connection is lost and the grace runs. From *offered* on they hold an item; *parked*:
they have parked it and are ready.
"""


@dataclass
class Scene:
    """A dispatcher with a clock."""

    dispatcher: Dispatcher
    now: int = START

    def post(self, *events: ev.Event) -> list[Command]:
        """The commands of the last event; each comes a millisecond after the one before."""
        commands: list[Command] = []
        for event in events:
            self.now += 1_000
            commands = self.dispatcher.handle(event, self.now)
        self.dispatcher.drain_changes()
        return commands

    def next_deadline(self) -> list[Command]:
        """What comes with the next deadline; nothing when there is none."""
        due = self.dispatcher.next_deadline()
        if due is None:
            return []
        self.now = max(self.now, due)
        commands = self.dispatcher.expire(self.now)
        self.dispatcher.drain_changes()
        return commands


def policy(version: str = "v1", **changes: object) -> Policy:
    """Two agents; a queue, one beside it, one that offers to two agents at once, and one of chats."""
    queue = QueuePolicy("sales", Medium.VOICE, wrap_up_extend_us=10 * SECOND, callback_attempts=2)
    chats = replace(queue, name="chats", medium=Medium.CHAT)
    queues = (queue, replace(queue, name="other"), replace(queue, name="both", offer_to=2), chats)
    agents = {name: AgentPolicy(name, "t", capacity={Medium.VOICE: 1, Medium.CHAT: 1}) for name in ("ann", "bob")}
    site = Policy(version, {one.name: one for one in queues}, agents, elsewhere={"far": FAR})
    return replace(site, **changes)  # type: ignore[arg-type]


def signed_in(*ready: str) -> Scene:
    """ann and bob are connected, these are ready."""
    scene = Scene(Dispatcher(policy()))
    scene.post(*(ev.AgentConnected(name, 2) for name in ("ann", "bob")))
    scene.post(*(ev.PresenceSet(name, Presence.READY) for name in ready))
    return scene


def item(state: str) -> Scene:
    """The item w (reservation w.1 where there is one) in this state."""
    if state in ("a call that leaves", "leaving", "ended on its way"):
        return leaving(call=state.startswith("a call"), ended=state.startswith("ended"))
    if state in ("parked", "back"):
        return parked(back=state == "back")
    scene = signed_in(*{"waiting": (), "promised": (), "offered to two": ("ann", "bob")}.get(state, ("ann",)))
    queued = ev.WorkQueued("w", "i", Medium.VOICE, "both" if state == "offered to two" else "sales", node="n")
    if state == "scheduled":
        queued = structs.replace(queued, not_before=START + 60 * SECOND)
    scene.post(structs.replace(queued, callback=state in ("promised", "calling back")))
    steps: tuple[ev.Event, ...] = (
        ev.OfferAccepted("w.1", "ann"),
        ev.AssignmentConnected("w.1"),
        ev.AssignmentEnded("w.1", EndedBy.CUSTOMER),
        ev.WrapUpFinished("w.1", "ann"),
    )
    count = {"assigned": 1, "calling back": 1, "connected": 2, "wrap_up": 3, "closed": 4}.get(state, 0)
    scene.post(*steps[:count])
    return scene


def leaving(*, call: bool, ended: bool) -> Scene:
    """A call without a host, or an item that nobody is on the line for, moved to a queue of another shard."""
    scene = signed_in()
    queued = ev.WorkQueued("w", "i", Medium.VOICE, "sales", node="n" if call else "")
    scene.post(queued, ev.WorkMoved("w", "far", "sam"))
    if ended:
        scene.post(ev.CustomerLeft("w"))
    return scene


def parked(*, back: bool) -> Scene:
    """A chat that ann has parked, or that has come back to her while she is not ready."""
    scene = signed_in("ann")
    scene.post(
        ev.WorkQueued("w", "i", Medium.CHAT, "chats", node="n"),
        ev.OfferAccepted("w.1", "ann"),
        ev.AssignmentConnected("w.1"),
        ev.WorkParked("w.1", "ann", START + 60 * SECOND),
    )
    if back:
        scene.post(ev.PresenceSet("ann", Presence.NOT_READY), ev.WorkRecalled("w"))
    return scene


def agent(state: str) -> Scene:
    """The agent ann in this state, the connection of generation 2."""
    if state in ("offered", "assigned", "connected", "parked", "wrap_up"):
        return item(state)
    scene = signed_in(*(("ann",) if state in ("ready", "away") else ()))
    if state == "offline":
        scene.post(ev.PresenceSet("ann", Presence.OFFLINE), ev.AgentDisconnected("ann", 2))
    if state == "away":
        scene.post(ev.AgentDisconnected("ann", 2))
    return scene


_SHUT = replace(policy("v2").queues["sales"], closed=True, when_closed=Exit(divert="voicemail"), empty_when_closed=True)
_EMPTIED = policy(
    "v2",
    queues={
        **{name: replace(_SHUT, name=name) for name in ("sales", "both")},
        "chats": replace(_SHUT, name="chats", medium=Medium.CHAT),
    },
)
_WITHOUT_ANN = policy("v2", agents={"bob": AgentPolicy("bob", "t")})

_ITEM = ev.WorkQueued("w", "i", Medium.VOICE, "sales")

WORK_EVENTS: Mapping[str, ev.Event | None] = {
    "WorkQueued, the same again": ev.WorkQueued("w", "i", Medium.VOICE, "sales", node="n"),
    "OfferAccepted": ev.OfferAccepted("w.1", "ann"),
    "OfferAccepted by another": ev.OfferAccepted("w.1", "bob"),
    "OfferRejected": ev.OfferRejected("w.1", "ann"),
    "OfferFailed": ev.OfferFailed("w.1", "busy"),
    "AssignmentConnected": ev.AssignmentConnected("w.1"),
    "AssignmentFailed": ev.AssignmentFailed("w.1", "no_media"),
    "AssignmentEnded by the customer": ev.AssignmentEnded("w.1", EndedBy.CUSTOMER),
    "AssignmentEnded by the agent": ev.AssignmentEnded("w.1", EndedBy.AGENT),
    "CustomerLeft": ev.CustomerLeft("w"),
    "WorkParked": ev.WorkParked("w.1", "ann", START + 60 * SECOND),
    "WorkRecalled": ev.WorkRecalled("w"),
    "CallbackRequested": ev.CallbackRequested("w"),
    "CallbackFailed": ev.CallbackFailed("w.1", "no_answer"),
    "WrapUpExtended": ev.WrapUpExtended("w.1", "ann", 5 * SECOND),
    "WrapUpFinished": ev.WrapUpFinished("w.1", "ann", "sold"),
    "WorkMoved": ev.WorkMoved("w", "other", "sam"),
    "WorkDirected to another": ev.WorkDirected("w", "bob", "sam"),
    "WorkDirected to nobody": ev.WorkDirected("w", None, "sam"),
    "WorkPrioritised": ev.WorkPrioritised("w", 5, "sam"),
    "WorkCancelled": ev.WorkCancelled("w", "sam"),
    "WorkTakenUp": ev.WorkTakenUp("w", "m", "n"),
    "WorkMoved to another shard": ev.WorkMoved("w", "far", "sam"),
    "HandoffAsked, from another shard": ev.HandoffAsked("south", 7, 6, _ITEM),
    "HandoffAsked, it has ended": ev.HandoffAsked("south", 7, 6, _ITEM, Outcome.CANCELLED),
    "HandoffAnswered, taken": ev.HandoffAnswered("south", NUMBER, "", ended=False),
    "HandoffAnswered, taken and ended": ev.HandoffAnswered("south", NUMBER, "", ended=True),
    "HandoffAnswered, refused": ev.HandoffAnswered("south", NUMBER, "queue_full", ended=False),
    "HandoffAnswered, of another item": ev.HandoffAnswered("south", NUMBER - 1, "", ended=False),
    "HandoffHosted": ev.HandoffHosted("south", NUMBER, "m"),
    "HandoffHosted, there is no room": ev.HandoffHosted("south", NUMBER, ""),
    "NodeLost": ev.NodeLost("n"),
    "PolicyChanged, the queue is emptied": ev.PolicyChanged(_EMPTIED),
    "the next deadline": None,
}
AGENT_EVENTS: Mapping[str, ev.Event | None] = {
    "AgentConnected, a newer generation": ev.AgentConnected("ann", 3),
    "AgentConnected, an older one": ev.AgentConnected("ann", 1),
    "AgentConnected, chats only": ev.AgentConnected("ann", 2, media=(Medium.CHAT,)),
    "AgentDisconnected": ev.AgentDisconnected("ann", 2),
    "AgentDisconnected, an older one": ev.AgentDisconnected("ann", 1),
    "PresenceSet ready": ev.PresenceSet("ann", Presence.READY),
    "PresenceSet not_ready": ev.PresenceSet("ann", Presence.NOT_READY, "lunch"),
    "PresenceSet offline": ev.PresenceSet("ann", Presence.OFFLINE),
    "PresenceQueued ready": ev.PresenceQueued("ann", Presence.READY),
    "PresenceQueued not_ready": ev.PresenceQueued("ann", Presence.NOT_READY, "lunch"),
    "PresenceQueued nothing": ev.PresenceQueued("ann", None),
    "MediaPaused voice": ev.MediaPaused("ann", (Medium.VOICE,)),
    "PolicyChanged, without the agent": ev.PolicyChanged(_WITHOUT_ANN),
    "DayStarted": ev.DayStarted(),
    "TimePassed before any deadline": ev.TimePassed(),
    "the next deadline": None,
}


def told(command: Command) -> str:
    """A command with what matters of it here."""
    name = type(command).__name__
    match command:
        case Refuse(code=detail) | WithdrawOffer(reason=detail) | CloseWork(outcome=detail) | DivertWork(divert=detail):
            return f"{name} `{detail}`"
        case AnswerHandoff(refused=refused):
            return f"{name} `{refused or 'taken'}`"
        case ShowPresence(presence=presence):
            return f"{name} `{presence}`"
        case SendOffer(agent_id=agent_id):
            return f"{name} to {agent_id}"
        case _:
            return name


def _play(scene: Scene, event: ev.Event | None) -> list[Command]:
    return scene.next_deadline() if event is None else scene.post(event)


def work_cell(state: str, event: ev.Event | None) -> tuple[Scene, str]:
    """What the event does to the item, and the scene after it."""
    scene = item(state)
    before = scene.dispatcher.work("w")
    commands = _play(scene, event)
    after = scene.dispatcher.work("w")
    text = ", ".join(map(told, commands)) or "—"
    if after is not None and (before is None or after.state is not before.state):
        text += f" → {after.state}"
    return scene, text


def agent_cell(state: str, event: ev.Event | None) -> tuple[Scene, str]:
    """What the event does to the agent, and the scene after it."""
    scene = agent(state)
    commands = _play(scene, event)
    return scene, ", ".join(map(told, commands)) or "—"


Cell = Callable[[str, ev.Event | None], tuple[Scene, str]]


def _grid(cell: Cell, states: tuple[str, ...], events: Mapping[str, ev.Event | None]) -> list[str]:
    lines = ["", "| event \\ state | " + " | ".join(states) + " |", "|---" * (len(states) + 1) + "|"]
    for name, event in events.items():
        lines.append(f"| {name} | " + " | ".join(cell(state, event)[1] for state in states) + " |")
    return lines


def draw() -> str:
    """The page."""
    return "\n".join(
        [
            INTRO.rstrip(),
            *_grid(work_cell, WORK_STATES, WORK_EVENTS),
            AGENT_INTRO.rstrip(),
            *_grid(agent_cell, AGENT_STATES, AGENT_EVENTS),
            "",
        ]
    )


def main() -> None:
    """Write the page."""
    PAGE.write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
