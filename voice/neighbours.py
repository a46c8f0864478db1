"""The neighbours that every call needs, in one place."""

from collections.abc import Callable
from dataclasses import dataclass

from voice.ports import AgentNotices, CallRecorder, Contexts, Lines, MediaEngine, Router, Sdp, Signalling
from voice.requests import IvrServices


@dataclass(frozen=True, slots=True)
class VoicePorts:
    """`expected_wait` of a waiting item is in microseconds, None if unknown."""

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
