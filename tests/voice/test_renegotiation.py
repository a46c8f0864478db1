"""Re-INVITEs: what is answered, and with what they are refused."""

import pytest

from tests.voice.fakes import REMOTE, Media, Quiet, Router, Sdp, Signalling
from voice.neighbours import VoicePorts
from voice.renegotiation import renegotiate


class Leg:
    leg_id = "leg"


class Answers(Signalling):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[object] = []

    def accept_offer(self, call: str, sdp: bytes) -> None:
        self.said.append(sdp)

    def reject_offer(self, call: str, code: int) -> None:
        self.said.append(code)


@pytest.mark.parametrize(("sdp", "broken", "said"), [(b"x", False, b"answer"), (None, False, 488), (b"x", True, 500)])
async def test_it_is_answered_or_refused_and_nothing_changes(sdp: bytes | None, broken: bool, said: object) -> None:
    signalling, media, quiet = Answers(), Media(), Quiet()
    media.fail = {"set_remote"} if broken else set()
    ports = VoicePorts(signalling, media, Sdp(), Router(), quiet, quiet)
    told: list[object] = []
    await renegotiate(ports, "c1", Leg(), sdp, lambda _side, remote: told.append(remote))
    assert (told, signalling.said) == ([REMOTE] if said == b"answer" else [], [said])
