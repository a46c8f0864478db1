"""Every message of the sockets is a cell too: what each role may say there, and what each is told.

A message without a row here makes a test fail.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, get_args

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from agents_ws import messages as m
from agents_ws.examples import CLIENT_EXAMPLES
from chat import messages as c
from chat.examples import CLIENT_EXAMPLES as CHAT_EXAMPLES
from http_api import board_messages as b
from http_api.alerts_api import AlertOverview
from http_api.board_view import KINDS, View
from http_api.chats_api import LiveChat
from http_api.help_api import HelpRequest
from http_api.ports import ChannelOverview
from records.accounts import Role
from records.roles import Scope
from router.alerts import Alert, AlertKind
from router.events import AssignmentConnected, OfferAccepted, PresenceSet
from router.vocabulary import Presence
from tests.http_api.ledger import SAM, Ledger, item, person, queue
from tests.http_api.test_board_view import call, left
from tests.server.bureau import Bureau, bureau
from tests.server.probes import OUTSIDE, WHO, left_by_a_caller

# Of the sender's own session and agent, by whatever it says: nobody else can be named in it.
OWN = {
    m.Hello,
    m.Ack,
    m.Ping,
    m.SetPresence,
    m.QueuePresence,
    m.PauseMedia,
    m.EchoTest,
    m.OpenLeg,
    m.WatchTargets,
    m.SignOut,
}
# Names work, a chat or a follow-up, which may be somebody else's.
NAMES_WORK = {
    m.Accept,
    m.Reject,
    m.HangUp,
    m.Hold,
    m.Mute,
    m.Transfer,
    m.CompleteTransfer,
    m.Swap,
    m.Conference,
    m.DropParty,
    m.PauseRecording,
    m.AskSupervisor,
    m.Park,
    m.Unpark,
    m.CallBack,
    m.SendDigit,
    m.ExtendWrapUp,
    m.FinishWrapUp,
    m.SayInChat,
    m.TypeInChat,
    m.ReadChat,
}
SPEAKERS = [who for role, who in WHO.items() if role not in (Role.API, Role.WALLBOARD)]
MUTE = [who for role, who in WHO.items() if role in (Role.API, Role.WALLBOARD)]


def test_every_message_to_the_agents_socket_has_a_cell() -> None:
    assert not OWN & NAMES_WORK
    assert set(get_args(m.ClientMessage)) == OWN | NAMES_WORK == {type(one) for one in CLIENT_EXAMPLES}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bureau]:
    async with bureau(tmp_path_factory.mktemp("sockets")) as office:
        yield office


@asynccontextmanager
async def socket(office: Bureau, path: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with office.session.ws_connect(f"{office.base.replace('http', 'ws')}{path}") as ws:
        yield ws


async def held_by_agent2(office: Bureau) -> tuple[str, str]:
    """A reservation in which agent2 serves somebody, and its interaction."""
    pump = office.node.core.pump
    await office.connect("agent2")
    await pump.post(PresenceSet("agent2", Presence.READY), "test")
    work = await office.submit()
    (row,) = pump.dispatcher.reservations_of("agent2")
    await pump.post(OfferAccepted(row.reservation_id, "agent2"), "test")
    await pump.post(AssignmentConnected(row.reservation_id), "test")
    return row.reservation_id, work["interaction_id"]


def about(message: Any, changes: dict[str, Any], ref: str) -> bytes:
    """The example, said of this work."""
    fits = {name: value for name, value in changes.items() if name in message.__struct_fields__}
    if "ref" in message.__struct_fields__:
        fits["ref"] = ref
    return m.encode(msgspec.structs.replace(message, **fits))


async def refusals(office: Bureau, who: str, changes: dict[str, Any]) -> None:
    """Each message that names work is said of this work, and refused; signals are not answered."""
    asked = [one for one in CLIENT_EXAMPLES if type(one) in NAMES_WORK]
    wanted = {f"x{at}": type(one).__name__ for at, one in enumerate(asked) if "ref" in one.__struct_fields__}
    found = set[str]()
    async with socket(office, "/api/v1/agents/ws") as ws:
        await ws.send_str(m.encode(m.Hello(token=await office.token(who))).decode())
        for at, one in enumerate(asked):
            await ws.send_str(about(one, changes, f"x{at}").decode())
        while len(found) < len(wanted):
            told = await ws.receive(timeout=20)
            assert told.type is aiohttp.WSMsgType.TEXT, (who, told, found)
            message = m.decode_server(told.data)
            if isinstance(message, m.Refused | m.Done):
                assert isinstance(message, m.Refused), (who, wanted[message.ref])
                found.add(message.ref)


@pytest.mark.asyncio(loop_scope="module")
async def test_the_cells_of_the_agents_socket(office: Bureau) -> None:
    board = office.node.core.pump.dispatcher
    reservation, interaction = await held_by_agent2(office)
    follow_up = await left_by_a_caller(office, {**OUTSIDE, "interaction_id": interaction})
    before = (board.reservation(reservation), board.agent("agent2"))
    others = {"reservation_id": reservation, "interaction_id": interaction, "follow_up": follow_up}
    for who in SPEAKERS:
        await refusals(office, who, others)
        assert (board.reservation(reservation), board.agent("agent2")) == before, who
    for who in MUTE:
        for one in CLIENT_EXAMPLES:
            async with socket(office, "/api/v1/agents/ws") as ws:
                token = {"token": await office.token(who), "session": None, "last_seq": None}
                await ws.send_str(about(one, token, "x").decode())
                told = await ws.receive(timeout=20)
                assert told.type is not aiohttp.WSMsgType.TEXT or '"bye"' in told.data, (who, one)
    assert (board.reservation(reservation), board.agent("agent2")) == before


NO = (c.Refused, c.Bye)
CHAT_CELLS = {
    # A visitor needs no account to begin; what a chat's token opens is that chat, and nothing that staff has is one.
    c.Open: "anybody",
    c.Resume: "who has the chat's token",
    # These name no chat: they are said of the socket's own, and before there is one nobody may say them.
    **dict.fromkeys((c.Say, c.Typing, c.Receipt, c.End, c.Rate, c.Ping), "who is in the chat"),
}


@pytest.mark.asyncio(loop_scope="module")
async def test_the_cells_of_the_chat_socket(office: Bureau) -> None:
    assert set(get_args(c.ClientMessage)) == set(CHAT_CELLS) == {type(one) for one in CHAT_EXAMPLES}
    for one in CHAT_EXAMPLES:
        if isinstance(one, c.Open):
            continue
        for who in WHO.values():
            said = msgspec.structs.replace(one, token=await office.token(who)) if isinstance(one, c.Resume) else one
            async with socket(office, "/chat/v1/ws") as ws:
                await ws.send_str(c.encode(said).decode())
                told = await ws.receive(timeout=20)
                assert told.type is not aiohttp.WSMsgType.TEXT or c.decode_server(told.data).__class__ in NO, (
                    who,
                    one,
                )
            if not isinstance(one, c.Resume):
                break  # it says nothing of who says it


def told_board(agent: str, name: str) -> dict[str, b.Thing]:
    """One of each kind that the board has, of this agent, or of this queue."""
    chat = LiveChat(interaction_id=name, state="talking", queue=name, customer="", agent=agent, name="", listeners=())
    asked = HelpRequest(
        reservation_id=name, interaction_id="i", agent=agent, name="", medium="chat", since_us=1, seen_by=""
    )
    return {
        "queues": queue(name),
        "agents": person(agent, "t" if agent == "ann" else "u"),
        "work": item(name, name),
        "alerts": AlertOverview.of(Alert(len(name), AlertKind.BREACH, "queue", name, 5)),
        "channels": ChannelOverview(channel=name, title="", medium="voice", owner="t" if agent == "ann" else "u"),
        "chats": chat,
        "help": asked,
        "trends": b.QueueTrend(name, ()),
        "calls": call(name, agent),
        "follow_ups": left(len(name), name),
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", list(Role))
def test_the_cells_of_what_the_board_tells(role: Role, kind: str) -> None:
    """Agents and programs are not let in (test_roles); were they, they would be told of nothing but what is theirs."""
    inside, outside = told_board("ann", "sales")[kind], told_board("eve", "secret")[kind]
    feed = Ledger()
    feed.put((kind, "in"), inside)
    feed.put((kind, "out"), outside)
    scope = Scope(role, SAM.agent_id, SAM.teams, SAM.agents, SAM.queues)
    snapshot = View().next(feed, scope, 1)
    assert isinstance(snapshot, b.Snapshot)
    shown = getattr(snapshot, kind)
    match role:
        case Role.ADMINISTRATOR:
            assert shown == (inside, outside)
        case Role.SUPERVISOR:
            assert shown == (inside,)
        case Role.API | Role.WALLBOARD:
            assert shown == ()
        case _:
            assert outside not in shown
            assert kind in ("queues", "channels", "follow_ups") or inside not in shown
