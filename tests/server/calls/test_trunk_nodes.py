"""Where trunk legs end, and which node rings which phone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from server.calls.trunk_nodes import TrunkNodes
from server.tasks import TaskOwner
from store.errors import StoreLost
from store.lease import ShardHead
from tests.server.two_nodes import WORK, Board, Node, two_nodes
from tests.voice.fakes import Media, Quiet, Router, Sdp, Signalling
from tests.waiting import until
from voice.neighbours import VoicePorts
from voice.over_nodes import OverNodes
from voice.ports import NodeUnreachableError

OWN = ("192.0.2.2", 7000)


class Side:
    """One node's."""

    def __init__(self, node: Node) -> None:
        self.media, self.phones, self.changed = Media(), list[str](), list[str]()
        self.told: list[str] = []
        self.owner = ""
        self.link = node.link
        self.nodes = TrunkNodes(node.link, node.pump, self._head, lambda user: user in self.phones)
        quiet = Quiet()
        ports = VoicePorts(Signalling(), self.media, Sdp(), Router(), quiet, quiet)
        self.calls = OverNodes(
            ports, TaskOwner(), lambda name, _leg: self.told.append(f"+{name}"), self._lost, lambda name: name == "i"
        )
        self.nodes.serve(self.calls, lambda: self.phones, self.changed.append)

    def _lost(self, reservation_id: str) -> None:
        self.told.append(f"-{reservation_id}")

    async def _head(self) -> ShardHead:
        if not self.owner:
            raise StoreLost("away")
        head: Any = ShardHead
        return head(**{**dict.fromkeys(ShardHead.__dataclass_fields__, 0), "owner": self.owner})  # type: ignore[no-any-return]


@asynccontextmanager
async def sides() -> AsyncIterator[tuple[Side, Side, Board]]:
    async with two_nodes() as (a, b, board):
        yield Side(a), Side(b), board


async def test_a_leg_is_made_at_the_node_of_the_call_and_goes_with_its_other_end() -> None:
    async with sides() as (a, b, _):
        assert await b.nodes.attach("w.1", "w", "i", OWN) == ("a.1", ("127.0.0.1", 5000))
        assert a.told == ["+w.1"]
        b.nodes.detach("w.1", "a.1", OWN)
        await until(lambda: a.told == ["+w.1", "-w.1"], "the end at the other node")
        await until(lambda: not a.media.open_legs, "the leg is closed")


async def test_what_cannot_be_joined_is_not_reached() -> None:
    async with sides() as (a, b, board):
        with pytest.raises(NodeUnreachableError, match="no such call"):
            await b.nodes.attach("w.1", "w", "another", OWN)
        a.media.fail.add("set_remote")
        with pytest.raises(NodeUnreachableError, match="worker_lost"):
            await b.nodes.attach("w.1", "w", "i", OWN)
        board.works["w"] = replace(WORK, node="gone.1")
        with pytest.raises(NodeUnreachableError):
            await b.nodes.attach("w.1", "w", "i", OWN)
        a.media.fail.clear()
        b.owner = "a.1"  # who owns the shard has what is nobody's
        assert (await b.nodes.attach("w.1", "w", "i", OWN))[0] == "a.1"
        del board.works["w"]
        with pytest.raises(NodeUnreachableError):
            await b.nodes.attach("w.1", "w", "i", OWN)


async def test_a_node_that_is_not_reached_any_more_has_no_legs_here() -> None:
    async with sides() as (a, b, _):
        await b.nodes.attach("w.1", "w", "i", OWN)
        b.link.forget("a.1")
        await until(lambda: a.told == ["+w.1", "-w.1"], "it is lost")


async def test_of_the_nodes_that_a_phone_is_registered_at_one_rings_it() -> None:
    async with sides() as (a, b, _):
        assert a.nodes.phone_here("2001") is None
        b.phones.append("2001")
        b.nodes.tell_phones()
        await until(lambda: a.changed == ["2001"], "it is told")
        assert a.nodes.elsewhere("2001")
        assert (a.nodes.phone_here("2001"), b.nodes.phone_here("2001")) == (False, True)
        a.phones.append("2001")  # registered twice
        a.nodes.tell_phones()
        await until(lambda: b.changed == ["2001"], "it is told back")
        assert (a.nodes.phone_here("2001"), b.nodes.phone_here("2001")) == (True, False)
        a.phones.remove("2001")
        b.phones.append("2002")
        a.link.forget("b.1")
        assert a.changed == ["2001", "2001"]
        assert a.nodes.phone_here("2001") is None
        await until(lambda: a.nodes.phone_here("2002") is False, "they met again, and all is told anew")
