"""Draws docs/states/agent.md, work.md and offer.md from the router's transition tables.

python -m tools.state_tables            writes the pages
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from router.agent import AGENT_TABLE, AgentCause
from router.offer import OFFER_TABLE, OfferCause
from router.vocabulary import OfferState, Presence, WorkState
from router.work import WORK_TABLE, WorkCause

FOLDER = Path(__file__).parent.parent / "docs" / "states"


@dataclass(frozen=True, slots=True)
class Page:
    """One machine's page: its table, what each cause stands for, and the text around it."""

    name: str
    title: str
    intro: str
    table: Mapping[tuple[Any, Any], StrEnum]
    states: type[StrEnum]
    causes: Mapping[StrEnum, str]
    notes: str


AGENT = Page(
    name="agent",
    title="Presence of an agent",
    intro="""Presence is what an agent declares. Whether they are offered, connected or in wrap-up follows from
the reservations that they hold (see [offer](offer.md)) and is not a presence. An agent takes new work while
they are `ready`, connected and have room.""",
    table=AGENT_TABLE,
    states=Presence,
    causes={
        AgentCause.CONNECTED: "AgentConnected: the page is there or the phone is registered",
        AgentCause.SET_READY: "PresenceSet ready (refused as `not_connected` without a connection)",
        AgentCause.SET_NOT_READY: "PresenceSet not_ready, with a reason of the site",
        AgentCause.SET_OFFLINE: "PresenceSet offline, signing out (refused as `work_held` from accept to hang-up)",
        AgentCause.MISSED_OFFER: "an offer's deadline passed; reason `missed_offer`",
        AgentCause.LEG_FAILED: "OfferFailed or AssignmentFailed; reason `leg_failed`",
        AgentCause.CONNECTION_LOST: "no AgentConnected within the grace; reason `connection_lost`",
        AgentCause.REMOVED: "the policy no longer has the agent, and their last work has ended",
    },
    notes="""A cause that would set an agent not-ready leaves one who already is with their own reason and
time.

The connection is a second, smaller fact beside presence. AgentDisconnected of the current generation stops new
offers at once and starts the policy's grace; open offers run on to their deadline. AgentConnected with a higher
generation ends the grace and keeps the presence. It carries the media by which the agent is reached: calls by a
browser leg or a phone, chats and mail by the page; it comes again with the same generation when these change, and work
of another medium is not offered meanwhile. After a restart nobody counts as connected, everybody has the
grace, and the generation from before may announce itself again, as the connection may have lived on at another
node.

Signing out gives open offers back (`signed_out`) and closes wrap-up. An agent whom a new policy no longer has
gets nothing new, gives open offers back (`policy`), ends the work that they hold and then vanishes.

The idle time that decides between equal agents runs from the later of: the end of the last work, and becoming
ready.

Two facts the agent adds. *Paused media* (MediaPaused) bring nothing new until the agent says otherwise or signs out. A
*next presence* (PresenceQueued) begins when the last item is over, wrap-up included; until then who will not stay ready
is offered nothing new, and any other change of the presence takes it back. Who holds nothing has it at once.

Two more facts stand beside presence. An agent counts as *present* while signed in and connected, or within the
grace: rings that nobody is present for are passed over (see [work](work.md)). And an agent with a limit of fresh work
takes nothing new while as many items came within the window; items that went again before they were accepted do not
count. DayStarted sets the number of items accepted today to nought.""",
)

WORK = Page(
    name="work",
    title="A work item",
    intro="""An item waits, is offered, taken, talked over and wrapped up. It leaves the router by `closed`,
with an outcome. The customer may leave in any state.""",
    table=WORK_TABLE,
    states=WorkState,
    causes={
        WorkCause.OFFER: "the match at the end of a turn: SendOffer",
        WorkCause.RETURN: "the last offer or the assignment came to nothing, or was taken back by WorkMoved or "
        "WorkDirected: RequeueWork, at the old place; WorkParked: ParkWork. Another shard refused it: RequeueWork",
        WorkCause.ACCEPT: "OfferAccepted: JoinLegs",
        WorkCause.CONNECT: "AssignmentConnected",
        WorkCause.LEAVE: "a ring, a closed or full queue or WorkMoved leads to a queue of another shard: HandWork",
        WorkCause.END: "AssignmentEnded, CustomerLeft or NodeLost: PartLegs and StartWrapUp",
        WorkCause.CLOSE: "the customer left, the node was lost, wrap-up is over, a rule diverts the item, the last try "
        "of a callback failed, WorkCancelled, or another shard has it: CloseWork",
    },
    notes="""Place: priority (the queue's plus the item's) first, then the time of queueing. Both stay with the
item, so one that comes back has its old place.

| the customer leaves, or the node of a voice item is lost | commands |
|---|---|
| waiting | CloseWork (`abandoned`, `node_lost`) |
| offered | WithdrawOffer, CloseWork |
| assigned | PartLegs, CloseWork; no wrap-up, the agent is free at once |
| connected | PartLegs, StartWrapUp; CloseWork (`handled`) when wrap-up ends |
| wrap_up | nothing |
| leaving | HandWork, which says so; whoever has the item closes it. A call of which nobody was asked: CloseWork |

| WorkCancelled | commands; the outcome is `cancelled` |
|---|---|
| waiting | CloseWork |
| offered | WithdrawOffer, CloseWork |
| assigned, connected | PartLegs, CloseWork; no wrap-up, the agent is free at once |
| wrap_up | EndWrapUp, CloseWork |
| leaving | HandWork, which says so; whoever has the item closes it |

WorkMoved and WorkDirected are for items that nobody has taken yet (waiting or offered; refused as `not_waiting`
otherwise) and give RequeueWork. A moved item keeps the time of its queueing and its own requirements, takes the new
queue's rules, and is for all again. A directed item is kept for one agent: skills and teams do not count then, room
does. The direction stays through rejection and a missed offer, and ends by WorkDirected without an agent, by WorkMoved,
or when the policy no longer has the agent.

WorkPrioritised gives such an item another priority of its own; offers of it go on.

Waiting changes an item by itself, too. One timer for each item (`stage`) is due at the next such time:

| at | happens |
|---|---|
| its own time (`not_before`) | until then it is in no list; then it waits at the place of its time of queueing |
| the end of the patience with its preferred agents, or when none of them is present | it is for all who may take it |
| a ring's time, counted from the entry into the queue (`ringed_at`) | the ring holds on top of those before |
| nobody is present who may take it in its ring, and the ring may be passed over | the next ring holds at once |
| a ring with an exit to a queue | the item is in that queue at its old place, its rings count anew: RequeueWork |
| a ring with an exit to what the channel does next | DivertWork and CloseWork (`diverted`) |

While an item is kept for one agent its rings stand still and it takes no way out, also at the start (a transfer to a
colleague); when it is for all again they catch up.

The time before the first ring is passed over as a ring is, but never to an exit. An exit that leads nowhere (no such
queue, another medium, closed or full without a way on, a queue passed through in the same turn) is passed over, the
item stays where it is. Offered items take an exit only when they come back. One that was talked over and comes back
goes on from its ring by a new clock. New rules apply at once: where the rings of a queue changed, those hold whose
time has come.

A closed queue and a full one (`max_waiting` listed items) take `when_closed` or `when_full` for what comes, else it is
refused as `queue_closed` or `queue_full`; so is a WorkMoved into them. Items that come back, and those who wait when
the limit shrinks, keep their place. `empty_when_closed` also sends away who waits or is offered (withdrawn as `rule`),
as far as there is a way; whoever has none stays.

CallbackRequested makes a waiting item a callback: it keeps its place and everything else, CustomerLeft and NodeLost no
longer end it, and nothing diverts it, as nobody is there. (While it is offered: refused as `not_waiting`; somebody is
about to answer.) Its offers say so; after the accept the channel calls the customer.

| a callback that an agent has accepted | commands |
|---|---|
| AssignmentConnected | none; from now on it is an item like any other |
| CallbackFailed, or AssignmentEnded by the customer | PartLegs, RequeueWork; in no list for `callback_retry_us` |
| the same at the last of `callback_attempts` | PartLegs, CloseWork (`unreached`) |
| NodeLost | WithdrawOffer, RequeueWork; it was no try |

WorkParked makes a conversation (not a call) a parked item: its agent's units are free at once, it is in no list until
its time (`park_max_us` at the latest), and nobody waits. Refused as `not_connected`, `not_yours`, `not_parkable`,
`too_soon`, and as `too_many_parked` beyond `park_limit` of one agent.

| a parked item | commands |
|---|---|
| WorkRecalled (its customer was heard), or its time | RequeueWork; it waits for who parked it alone at first |
| that agent declines or misses it | it waits for all |
| that agent signs out, or is gone from the policy | RequeueWork; it waits for all |
| WorkMoved, WorkDirected | as for any item that waits, from now on |
| CustomerLeft | CloseWork (`handled`): nobody kept them waiting |

An exit or WorkMoved to a queue of another shard makes the item `leaving`: in no list, offered to nobody, still counted.
Calls and callbacks travel, and what programs brought in, that is not meant for named agents, and each item only once;
for others (chats of visitors) such an exit leads nowhere, and WorkMoved is refused as `stays`. For a call nothing is
asked before a node of the other shard has made room for it, for a callback before one knows whom to call.

| a leaving item | commands |
|---|---|
| HandoffHosted, of a call or callback | nothing; the other shard is asked from now on |
| HandoffHosted, there is no room | RequeueWork; it waits at its old place, and leaves no more |
| CustomerLeft, WorkCancelled, NodeLost of a call before that | CloseWork (`abandoned`, `cancelled`, `node_lost`) |
| HandoffAnswered, taken | CloseWork (`handed_over`); the other shard has it, with its time of queueing |
| HandoffAnswered, refused | RequeueWork; it waits at its old place, and leaves no more |
| CustomerLeft, WorkCancelled | HandWork once more; an answer from before is waited out |
| HandoffAnswered, taken, and its end is known there | CloseWork (`handed_over`) |
| HandoffAnswered, refused, after its end | CloseWork (`abandoned` or `cancelled`) |

| HandoffAsked, of another shard | commands |
|---|---|
| the first time under this token | as WorkQueued, and AnswerHandoff; if it has ended, AnswerHandoff (`ended`) alone |
| again | AnswerHandoff as the first time, whatever holds by now |
| again, and it has ended since | AnswerHandoff, then as CustomerLeft or WorkCancelled |
| under a token that is settled | nothing: an old repeat |

One that came back waits from then on, for who parked it alone while they are present, for `park_patience_us` at most.

AssignmentEnded before the join counts as the customer leaving when the customer did, else as AssignmentFailed.

RequeueWork is given whenever an offer or assignment comes to nothing, and SendOffer after it when the same turn
finds another agent. A queue with no wrap-up time goes from connected through `wrap_up` to `closed` in one turn.

Items of a queue that a new policy no longer has stay open. They follow a queue of that name with default rules
(their own requirements, any team, priority 0) until they are gone or the queue is back; new items are refused.
The old rules are not kept, since rows and policy alone must say what holds, in a restored shard too. So close a
queue's entries before removing it.""",
)

OFFER = Page(
    name="offer",
    title="A reservation: offer, assignment, wrap-up",
    intro="""A reservation holds an agent's capacity for one item, from the offer until wrap-up ends. Its id is
`<work id>.<attempt>`. An item has several only while its queue offers it to several agents at once.""",
    table=OFFER_TABLE,
    states=OfferState,
    causes={
        OfferCause.ACCEPT: "OfferAccepted by its agent, while the offer stands; or at once, where the queue says so",
        OfferCause.WITHDRAW: "the offer ended: WithdrawOffer with the reason",
        OfferCause.RELEASE: "accepted, but never a conversation; or cancelled in the conversation",
        OfferCause.CONNECT: "AssignmentConnected",
        OfferCause.END: "somebody left the conversation",
        OfferCause.FINISH: "WrapUpFinished, its deadline, or signing out: EndWrapUp",
    },
    notes="""The offer stands until its deadline is applied: an accept that arrives before that wins, a later
one is refused as `offer_over`. Accepting twice is without effect.

A queue may offer an item to several agents at once (`offer_to`). The offers are made in one turn, in order of the
choice of agent; those beyond the first go to agents who are left over when all else that waits is matched. Who becomes
free later is not added. The first to accept has the item, the others lose it in the same turn (`taken`). A rejected or
missed offer leaves the others standing; the item comes back with the last one.

| the offer ends by | reason | the agent | the item |
|---|---|---|---|
| its deadline | `expired` | not_ready, `missed_offer`; or stays ready, the item rests for them | goes on |
| another's accept | `taken` | free | taken by the other |
| OfferRejected | `rejected` | stays ready | goes on, but rests for this agent |
| OfferFailed, AssignmentFailed | `failed` | not_ready, `leg_failed` | goes on |
| signing out | `signed_out` | offline | goes on |
| a policy without the agent | `policy` | vanishes | goes on |
| WorkMoved | `moved` | free | goes on in the other queue |
| WorkDirected | `directed` | free | goes on, kept for the agent |
| its queue is closed and emptied | `rule` | free | in another queue, or diverted |
| WorkCancelled | `cancelled` | free | closed |
| CustomerLeft | `abandoned` | free | closed |
| NodeLost | `node_lost` | free | closed; a callback goes on |

Wrap-up ends at its deadline, whether the agent's page is there or not. WrapUpExtended moves the deadline by what is
asked for, as far as the queue's `wrap_up_extend_us` allows in all: StartWrapUp again, with the new deadline; beyond it
`not_extendable`.""",
)

PAGES = (AGENT, WORK, OFFER)


def draw(page: Page) -> str:
    """The page as Markdown: a grid of states and causes (an empty cell is illegal), then what the causes stand for."""
    states = list(page.states)
    lines = [
        f"# {page.title}",
        "",
        f"Drawn from the table in `router/{page.name}.py` by `python -m tools.state_tables`.",
        "",
        page.intro,
        "",
        "| cause \\ state | " + " | ".join(f"`{state}`" for state in states) + " |",
        "|---" * (len(states) + 1) + "|",
    ]
    for cause in page.causes:
        cells = [page.table.get((state, cause)) for state in states]
        lines.append(f"| {cause} | " + " | ".join("" if cell is None else f"`{cell}`" for cell in cells) + " |")
    lines += ["", "| cause | is |", "|---|---|"]
    lines += [f"| {cause} | {text} |" for cause, text in page.causes.items()]
    return "\n".join([*lines, "", page.notes, ""])


def main() -> None:
    """Write the pages."""
    for page in PAGES:
        (FOLDER / f"{page.name}.md").write_text(draw(page), encoding="utf-8")


if __name__ == "__main__":
    main()
