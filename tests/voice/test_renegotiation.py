"""Re-INVITEs: what is answered, with what they are refused, and those that ask for our offer."""

import asyncio

import pytest

from tests.voice.fakes import REMOTE, Media, Quiet, Router, Sdp, Signalling
from tests.waiting import until
from voice import renegotiation
from voice.neighbours import VoicePorts
from voice.ports import RemoteMedia
from voice.renegotiation import Renegotiations, Side


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


class Rig:
    """`told` is what holds from now on."""

    def __init__(self) -> None:
        self.signalling, self.media, quiet = Answers(), Media(), Quiet()
        ports = VoicePorts(self.signalling, self.media, Sdp(), Router(), quiet, quiet)
        self.told: list[RemoteMedia] = []
        self.all = Renegotiations(ports, self._done)

    def _done(self, _side: Side, remote: RemoteMedia) -> None:
        self.told.append(remote)


@pytest.mark.parametrize(("broken", "said"), [(False, b"answer"), (True, 500)])
async def test_it_is_answered_or_refused_and_nothing_changes(broken: bool, said: object) -> None:
    rig = Rig()
    rig.media.fail = {"set_remote"} if broken else set()
    await rig.all.offered("c1", Leg(), b"x")
    assert (rig.told, rig.signalling.said) == ([] if broken else [REMOTE], [said])
    assert not rig.all.confirmed("c1", None), "its ACK has no answer"


@pytest.mark.parametrize(("answer", "broken"), [(b"good", False), (b"nonsense", False), (None, False), (b"good", True)])
async def test_one_without_a_description_gets_our_offer_and_the_ack_has_the_answer(
    answer: bytes | None, broken: bool
) -> None:
    rig = Rig()
    rig.media.fail = {"set_remote"} if broken else set()
    task = asyncio.create_task(rig.all.offered("c1", Leg(), None))
    await until(lambda: rig.signalling.said == [b"offer"], "our offer is out")
    assert not rig.told
    assert not rig.all.confirmed("c2", b"good")
    assert rig.all.confirmed("c1", answer)
    assert rig.all.confirmed("c1", answer), "a repetition"
    await task
    assert rig.told == ([REMOTE] if answer == b"good" and not broken else [])
    assert rig.signalling.said == [b"offer"], "it is too late to refuse anything"
    assert not rig.all.confirmed("c1", b"good"), "it is over"


@pytest.mark.parametrize("ended", [True, False])
async def test_an_offer_that_nobody_answers_is_forgotten(ended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    monkeypatch.setattr(renegotiation, "ANSWER_TIMEOUT_S", 60.0 if ended else 0.0)
    task = asyncio.create_task(rig.all.offered("c1", Leg(), None))
    await until(lambda: rig.signalling.said == [b"offer"], "our offer is out")
    if ended:
        rig.all.over("c1")
    await task
    assert (rig.told, rig.all.confirmed("c1", None)) == ([], False)
