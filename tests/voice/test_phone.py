"""An agent's phone leg: each row of its table, the races, and that it always ends with nothing left."""

import asyncio
import random

import pytest
from msgspec.structs import replace

from router import events as facts
from router.commands import Decision, Refuse, SendOffer
from router.vocabulary import EndedBy, Medium
from tests.voice.fakes import Media, Quiet, Router, Sdp, Signalling
from tests.waiting import until
from voice.neighbours import VoicePorts
from voice.phone import (
    TABLE,
    PhoneAnswered,
    PhoneEvent,
    PhoneFailed,
    PhoneLeft,
    PhoneLeg,
    PhoneLost,
    PhoneMoved,
    PhoneRang,
    PhoneReleased,
    PhoneState,
)

OFFER = SendOffer("w.1", "w", "w", "ben", "orders", Medium.VOICE, (), 0, 20_000_000, 1, Decision("v", "s", ()))
LEG = "phone:w.1"


class Rig:
    """One leg on ports that write down."""

    def __init__(self, caller: tuple[str, str] = ("0755123", "Cai"), *, auto: bool = False) -> None:
        self.signalling, self.media, self.sdp, self.router = Signalling(), Media(), Sdp(), Router()
        quiet = Quiet()
        ports = VoicePorts(self.signalling, self.media, self.sdp, self.router, quiet, quiet)
        self.leg = PhoneLeg(replace(OFFER, auto_accept=auto), "2001", caller, ports)

    async def run(self, *events: PhoneEvent) -> None:
        """The whole leg; it must end."""
        for event in events:
            self.leg.tell(event)
        await asyncio.wait_for(self.leg.run(), 30)
        self.nothing_left()

    def nothing_left(self) -> None:
        assert self.leg.state is PhoneState.ENDED
        assert self.media.open_legs == set()
        assert self.signalling.ended == [LEG]
        assert self.sdp.forgotten == [LEG]


async def test_it_dials_the_agents_phone_as_the_caller() -> None:
    rig = Rig()
    await rig.run(PhoneReleased())
    assert rig.signalling.dialled == [
        {"call": LEG, "target": "2001", "from": ("0755123", "Cai"), "X-Jackfield-Interaction": "w"}
    ]
    assert rig.router.told == []


async def test_a_phone_is_asked_to_answer_by_itself_where_the_offer_does() -> None:
    rig = Rig(auto=True)
    await rig.run(PhoneReleased())
    (dialled,) = rig.signalling.dialled
    assert "answer-after=0" in dialled["Call-Info"]
    assert "info=alert-autoanswer" in dialled["Alert-Info"]


@pytest.mark.parametrize(("events", "told"), [
    ([PhoneFailed(603, "Decline")], facts.AssignmentFailed("w.1", "sip_603")),
    ([PhoneRang(), PhoneFailed(486, "Busy")], facts.AssignmentFailed("w.1", "sip_486")),
    ([PhoneLeft()], facts.AssignmentEnded("w.1", EndedBy.AGENT, "phone_left")),
    ([PhoneLost("no_media")], facts.AssignmentFailed("w.1", "no_media")),
])  # fmt: skip
async def test_a_phone_whose_offer_accepted_itself_fails_as_an_assignment(
    events: list[PhoneEvent], told: facts.Event
) -> None:
    rig = Rig(auto=True)
    await rig.run(*events)
    assert rig.router.told == [told]


async def test_whoever_is_joined_to_a_phone_waits_for_its_answer() -> None:
    rig, joined = Rig(auto=True), list[PhoneState]()
    rig.leg.when_answered(lambda: joined.append(rig.leg.state))
    await rig.run(PhoneRang(), PhoneAnswered(b"good"), PhoneReleased())
    assert joined == [PhoneState.ANSWERED]


async def test_a_caller_without_a_number_is_anonymous() -> None:
    rig = Rig(("", ""))
    await rig.run(PhoneReleased())
    assert rig.signalling.dialled[0]["from"] == ("anonymous", "")


async def test_it_rings_as_a_caller_of_another_node_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def who(_self: Quiet, interaction_id: str, work_id: str) -> tuple[str, str]:
        assert (interaction_id, work_id) == ("w", "w")
        return "0755999", "Dou"

    monkeypatch.setattr(Quiet, "who", who)
    rig = Rig(("", ""))
    await rig.run(PhoneReleased())
    assert rig.signalling.dialled[0]["from"] == ("0755999", "Dou")


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([PhoneFailed(603, "Decline")], [facts.OfferRejected("w.1", "ben", "declined")]),
        ([PhoneFailed(486, "Busy")], [facts.OfferFailed("w.1", "sip_486")]),
        ([PhoneRang(), PhoneFailed(486, "Busy")], [facts.OfferRejected("w.1", "ben", "declined")]),
        ([PhoneRang(), PhoneLeft()], [facts.OfferFailed("w.1", "phone_left")]),
        ([PhoneLeft()], [facts.OfferFailed("w.1", "phone_left")]),
        ([PhoneLost("no_media")], [facts.OfferFailed("w.1", "no_media")]),
        ([PhoneReleased(), PhoneAnswered(b"good")], []),
        ([PhoneAnswered(b"bad")], [facts.OfferFailed("w.1", "sip_488")]),
        ([PhoneAnswered(b"good"), PhoneReleased()], [facts.OfferAccepted("w.1", "ben")]),
        (
            [PhoneAnswered(b"good"), PhoneFailed(486, "late"), PhoneAnswered(b"bad"), PhoneLeft()],
            [facts.OfferAccepted("w.1", "ben"), facts.AssignmentEnded("w.1", EndedBy.AGENT, "phone_left")],
        ),
        (
            [PhoneAnswered(b"good"), PhoneLost("worker_lost")],
            [facts.OfferAccepted("w.1", "ben"), facts.AssignmentFailed("w.1", "worker_lost")],
        ),
    ],
)
async def test_what_the_router_is_told(events: list[PhoneEvent], told: list[facts.Event]) -> None:
    rig = Rig()
    await rig.run(*events)
    assert rig.router.told == told


async def test_an_answer_that_comes_too_late_is_hung_up() -> None:
    rig = Rig()
    rig.router.answers = (Refuse("offer_over", "too late"),)
    await rig.run(PhoneAnswered(b"good"))
    assert rig.router.told == [facts.OfferAccepted("w.1", "ben")]


async def test_a_phone_that_rings_is_known_to_ring_at_once() -> None:
    rig = Rig()
    task = asyncio.create_task(rig.leg.run())
    await until(lambda: bool(rig.signalling.dialled))
    rig.leg.tell(PhoneRang())
    assert rig.leg.state is PhoneState.RINGING
    rig.leg.tell(PhoneFailed(486, "Busy Here"))
    await task
    rig.nothing_left()
    assert rig.router.told == [facts.OfferRejected("w.1", "ben", "declined")]


@pytest.mark.parametrize("refused", [False, True])
async def test_another_phone_of_the_agents_takes_what_rings(refused: bool) -> None:
    rig = Rig()
    rig.router.answers = (Refuse("offer_over", "too late"),) if refused else ()
    for event in (PhoneRang(), PhoneMoved("other", b"good", lambda: True, lambda _remote: None), PhoneReleased()):
        rig.leg.tell(event)
    await asyncio.wait_for(rig.leg.run(), 30)
    assert rig.router.told == [facts.OfferAccepted("w.1", "ben")]
    assert rig.signalling.answered == ([] if refused else ["other"])
    assert rig.signalling.ended == [LEG, "other"], "the one that rang is cancelled"
    assert rig.media.open_legs == set()


async def test_what_came_too_late_to_take_the_place_is_refused() -> None:
    rig = Rig()
    await rig.run(PhoneReleased(), PhoneMoved("other", b"good", lambda: True, lambda _remote: None))
    assert rig.signalling.rejected == [("other", 481)]


async def test_what_comes_while_the_leg_is_closed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    close = rig.media.close_leg

    async def slow(leg_id: str) -> None:
        rig.leg.tell(PhoneMoved("other", b"good", lambda: True, lambda _remote: None))
        await close(leg_id)

    monkeypatch.setattr(rig.media, "close_leg", slow)
    await rig.run(PhoneReleased())
    assert rig.signalling.rejected == [("other", 481)]


async def test_neither_phone_is_left_when_the_media_fails_between_them() -> None:
    rig = Rig()
    rig.media.fail = {"set_remote"}
    rig.leg.tell(PhoneMoved("other", b"good", lambda: True, lambda _remote: None))
    await asyncio.wait_for(rig.leg.run(), 30)
    assert rig.signalling.ended == [LEG, "other"]


async def test_a_phone_that_leaves_while_the_accept_is_committed() -> None:
    rig = Rig()
    rig.router.gate = asyncio.Event()
    rig.leg.tell(PhoneAnswered(b"good"))
    task = asyncio.create_task(rig.leg.run())
    await until(lambda: bool(rig.router.told))
    rig.leg.tell(PhoneLeft())
    rig.router.gate.set()
    await task
    rig.nothing_left()
    assert rig.router.told[1] == facts.AssignmentEnded("w.1", EndedBy.AGENT, "phone_left")


@pytest.mark.parametrize("method", ["open_rtp", "set_remote"])
async def test_media_that_fails_is_told_and_ends_the_leg(method: str) -> None:
    rig = Rig()
    rig.media.fail = {method}
    await rig.run(PhoneAnswered(b"good"))
    assert rig.router.told == [facts.OfferFailed("w.1", "worker_lost")]


async def test_it_dials_at_once_where_a_media_leg_is_there() -> None:
    rig = Rig()
    rig.media.in_advance = [("127.0.0.1", 4000)]
    rig.leg.begin()
    assert [dialled["target"] for dialled in rig.signalling.dialled] == ["2001"]
    await rig.run(PhoneAnswered(b"good"), PhoneReleased())
    assert len(rig.signalling.dialled) == 1
    assert rig.media.asked[:2] == [f"open_at_once {LEG}", f"set_remote {LEG}"]
    assert rig.router.told == [facts.OfferAccepted("w.1", "ben")]


async def test_who_calls_from_another_node_is_asked_for_first() -> None:
    rig = Rig(("", ""))
    rig.media.in_advance = [("127.0.0.1", 4000)]
    rig.leg.begin()
    assert rig.signalling.dialled == []


async def test_a_leg_that_could_not_dial_at_once_ends_like_any_other() -> None:
    rig = Rig()
    rig.media.in_advance = [("127.0.0.1", 4000)]
    rig.signalling.broken = True
    with pytest.raises(ValueError, match="unforeseen"):
        rig.leg.begin()
    with pytest.raises(ValueError, match="unforeseen"):
        await rig.leg.run()
    rig.nothing_left()
    assert rig.router.told == [facts.OfferFailed("w.1", "internal error")]


async def test_a_leg_that_cannot_even_be_closed_is_over_all_the_same() -> None:
    rig = Rig()
    rig.media.fail = {"close_leg"}
    await rig.run(PhoneAnswered(b"good"), PhoneReleased())
    assert rig.router.told == [facts.OfferAccepted("w.1", "ben")]


async def test_an_unforeseen_error_fails_the_offer_and_is_raised() -> None:
    rig = Rig()
    rig.signalling.broken = True
    with pytest.raises(ValueError, match="unforeseen"):
        await rig.leg.run()
    rig.nothing_left()
    assert rig.router.told == [facts.OfferFailed("w.1", "internal error")]


async def test_a_cancelled_leg_gives_the_offer_back() -> None:
    rig = Rig()
    task = asyncio.create_task(rig.leg.run())
    await until(lambda: bool(rig.signalling.dialled))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    rig.nothing_left()
    assert rig.router.told == [facts.OfferFailed("w.1", "internal error")]


EVENTS: list[PhoneEvent] = [
    PhoneAnswered(b"good"),
    PhoneAnswered(b"bad"),
    PhoneFailed(603, "Decline"),
    PhoneRang(),
    PhoneFailed(486, "Busy"),
    PhoneLeft(),
    PhoneLost("no_media"),
    PhoneReleased(),
]


@pytest.mark.parametrize("seed", range(50))
async def test_random_walks_follow_the_table(seed: int) -> None:
    pick = random.Random(seed)
    rig = Rig()
    for _ in range(8):
        event, before = pick.choice(EVENTS), rig.leg.state
        told = len(rig.router.told)
        await rig.leg._handle(event)
        if (before, type(event)) in TABLE:
            assert rig.leg.state in TABLE[before, type(event)]
        else:
            assert (rig.leg.state, len(rig.router.told)) == (before, told)
