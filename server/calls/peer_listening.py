"""Supervisors who listen to a call of another node (voice.far_listening): what the two nodes say to each other."""

from collections.abc import Callable
from typing import Any

from server.nodes.peer_link import ANSWER_TIMEOUT_S, PeerLink, PeerRefusedError, PeerUnreachableError
from voice.events import Deny
from voice.listeners import ListenMode
from voice.listening import Listening
from voice.listening_phone import RING_S
from voice.ports import MediaUnavailableError, NodeUnreachableError


class PeerListening:
    """`node_of` names the node of a call, "" for none of another node. `serve` once the calls are there."""

    def __init__(self, link: PeerLink, node_of: Callable[[str], str]) -> None:
        self._link = link
        self._node_of = node_of
        self._listening: Listening

    def serve(self, listening: Listening) -> None:
        """From now on other nodes may ask."""
        self._listening = listening
        self._link.answer |= {"listen": self._asked, "take_over": self._taken_over}
        self._link.hear["unlisten"] = self._stopped
        self._link.lost.append(listening.trunks.node_lost)

    # --- what this node's supervisors ask ------------------------------------------------------------------------

    async def listen(
        self, interaction_id: str, agent_id: str, at: tuple[str, int], mode: ListenMode, beside: str
    ) -> tuple[str, tuple[str, int]] | Deny:
        """As voice.far_listening.ListeningNodes."""
        node = self._node_of(interaction_id)
        answer = await self._ask(node, "listen", (interaction_id, agent_id, *at, mode.value, beside))
        if isinstance(answer[1], str):
            return Deny(*answer)
        host, port = answer
        return node, (host, port)

    async def take_over(self, interaction_id: str, agent_id: str) -> Deny | None:
        """As voice.far_listening.ListeningNodes."""
        answer = await self._ask(self._node_of(interaction_id), "take_over", (interaction_id, agent_id))
        return None if answer is None else Deny(*answer)

    def stop(self, node: str, agent_id: str, at: tuple[str, int]) -> None:
        """As voice.far_listening.ListeningNodes."""
        self._link.tell(node, "unlisten", (agent_id, *at))

    async def _ask(self, node: str, kind: str, body: Any) -> Any:
        try:
            return await self._link.ask(node, kind, body)
        except (PeerUnreachableError, PeerRefusedError) as error:
            raise NodeUnreachableError(str(error)) from error

    # --- what other nodes ask ------------------------------------------------------------------------------------

    async def _asked(self, node: str, body: Any) -> tuple[str, int] | tuple[str, str]:
        interaction_id, agent_id, host, port, mode, beside = body
        try:
            answer = await self._listening.begin_from(
                node, (host, port), agent_id, interaction_id, ListenMode(mode), beside
            )
        except MediaUnavailableError as error:
            raise PeerRefusedError(error.reason) from error
        return (answer.code, answer.message) if isinstance(answer, Deny) else answer

    async def _taken_over(self, _node: str, body: Any) -> tuple[str, str] | None:
        interaction_id, agent_id = body
        denied = await self._listening.take_over_from(agent_id, interaction_id)
        return None if denied is None else (denied.code, denied.message)

    def _stopped(self, node: str, body: Any) -> None:
        agent_id, host, port = body
        self._listening.trunks.detached(node, agent_id, (host, port))


class ListeningDesk:
    """What supervisors ask at any node is done at that of their device. `device_node` names it, "" for this one."""

    def __init__(self, link: PeerLink, listening: Listening, device_node: Callable[[str], str]) -> None:
        self._link = link
        self._listening = listening
        self._device_node = device_node
        link.answer["supervise"] = self._asked

    async def begin(self, agent_id: str, interaction_id: str, mode: ListenMode, beside: str = "") -> Deny | None:
        """As voice.listening.Listening."""
        return await self._do("begin", agent_id, interaction_id, mode.value, beside)

    async def end(self, agent_id: str, interaction_id: str) -> Deny | None:
        """As voice.listening.Listening."""
        return await self._do("end", agent_id, interaction_id)

    async def take_over(self, agent_id: str, interaction_id: str) -> Deny | None:
        """As voice.listening.Listening."""
        return await self._do("take_over", agent_id, interaction_id)

    async def _do(self, *asked: str) -> Deny | None:
        node = self._device_node(asked[1])
        if not node:
            return await self._here(*asked)
        try:
            answer = await self._link.ask(node, "supervise", asked, RING_S + ANSWER_TIMEOUT_S)
        except (PeerUnreachableError, PeerRefusedError):
            return Deny("node_unreachable", "the node where your page or phone is does not answer: try again")
        return None if answer is None else Deny(*answer)

    async def _asked(self, _node: str, body: Any) -> tuple[str, str] | None:
        denied = await self._here(*body)
        return None if denied is None else (denied.code, denied.message)

    async def _here(self, action: str, agent_id: str, interaction_id: str, *how: str) -> Deny | None:
        match action, how:
            case "begin", (mode, beside):
                return await self._listening.begin(agent_id, interaction_id, ListenMode(mode), beside)
            case "end", ():
                return await self._listening.end(agent_id, interaction_id)
            case "take_over", ():
                return await self._listening.take_over(agent_id, interaction_id)
            case _:
                raise PeerRefusedError(f"nobody here does {action}")
