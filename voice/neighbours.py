"""The neighbours that every call needs, in one place."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from voice.asked import Asked, Target
from voice.events import Deny
from voice.far_listening import ListeningNodes
from voice.ports import AgentNotices, CallRecorder, Contexts, Lines, MediaEngine, Nodes, Router, Sdp, Shards, Signalling
from voice.requests import IvrServices


async def _nowhere(_agent_id: str, _reservation_id: str, _asked: Asked) -> Deny:
    return Deny("not_connected", "there is no such conversation")


def _nobody(_agent_id: str, _dialled: str) -> Deny:
    return Deny("unclear_target", "nobody can be called from a phone here")


@dataclass(frozen=True, slots=True)
class VoicePorts:
    """`expected_wait` of a waiting item is in microseconds, None if unknown.

    `target` is whom an agent (by name) means who dials this on their phone, if they may. `elsewhere` is told what an
    agent asks by a phone of this node in the conversation of a reservation whose call is on another one.
    `nodes` and `listening` (what supervisors ask of them) are None where there are no others, `shards` where calls go
    over to no other shard.
    """

    signalling: Signalling
    media: MediaEngine
    sdp: Sdp
    router: Router
    contexts: Contexts
    notices: AgentNotices
    services: IvrServices | None = None
    lines: Lines | None = None
    recorder: CallRecorder | None = None
    expected_wait: Callable[[str], int | None] = lambda _work_id: None
    target: Callable[[str, str], Target | Deny] = _nobody
    nodes: Nodes | None = None
    listening: ListeningNodes | None = None
    elsewhere: Callable[[str, str, Asked], Awaitable[Deny | None]] = _nowhere
    shards: Shards | None = None
