from collections import deque

import numpy as np

from media import mixer, routing
from media.leg import Leg
from media.outstream import OutStream
from media.player import Player
from media.prompts import Prompt


def make(leg_id: str, codec: str = "PCMU") -> Leg:
    leg = Leg(leg_id, "rtp", OutStream(1, 1, 1, 0), lambda event: None, 0)
    leg.negotiate("PCMU" if codec == "PCMU" else "PCMA", 0, None, send=True, receive=True)
    return leg


def is_ticked(leg: Leg) -> bool:
    return leg.ticked


def player() -> Player:
    return Player("p", [Prompt("p", np.zeros(160, dtype=np.int16))], loop=False, gain=1.0)


def test_a_bridge_is_packet_driven_both_ways() -> None:
    legs = {"a": make("a"), "b": make("b", "PCMA")}
    routing.wire(legs, legs, mixer.conference(legs))
    assert [r.target for r in legs["a"].routes] == [legs["b"]]
    assert legs["a"].routes[0].table is not None
    assert not legs["a"].ticked
    assert not legs["b"].ticked
    legs["b"].negotiate("PCMU", 0, None, send=True, receive=True)
    routing.wire(legs, legs, mixer.conference(legs))
    assert legs["a"].routes[0].table is None


def test_gain_alone_needs_no_tick() -> None:
    legs = {"a": make("a"), "b": make("b")}
    routing.wire(legs, legs, {("a", "b"): 0.5})
    assert legs["a"].routes[0].table is not None
    assert not legs["b"].ticked


def test_only_legs_that_hear_several_are_mixed() -> None:
    legs = {name: make(name) for name in "abc"}
    gains = mixer.conference(("a", "b")) | {("a", "c"): 1.0, ("b", "c"): 1.0}
    routing.wire(legs, legs, gains)
    assert [legs[n].ticked for n in "abc"] == [False, False, True]
    assert legs["c"].mix == ((legs["a"], 1.0), (legs["b"], 1.0))
    assert [r.target.leg_id for r in legs["a"].routes] == ["b"]
    assert {t.leg_id for t in legs["a"].event_targets} == {"b", "c"}


def test_a_prompt_or_digits_make_a_leg_ticked_and_its_end_undoes_it() -> None:
    legs = {"a": make("a"), "b": make("b")}
    legs["a"].player = player()
    routing.wire(legs, legs, mixer.conference(legs))
    assert is_ticked(legs["a"])
    assert legs["a"].mix == ((legs["b"], 1.0),)
    assert legs["b"].routes == ()
    legs["a"].player = None
    legs["a"].digits = deque([None])
    routing.wire(legs, legs, mixer.conference(legs))
    legs["a"].digits.clear()
    routing.wire(legs, legs, mixer.conference(legs))
    assert not is_ticked(legs["a"])
    assert len(legs["b"].routes) == 1


def test_a_leg_without_format_waits() -> None:
    legs = {"a": make("a"), "b": Leg("b", "rtp", OutStream(1, 1, 1, 0), lambda event: None, 0)}
    routing.wire(legs, legs, mixer.conference(legs))
    assert legs["a"].routes == ()


def test_alone_only_a_prompt_ticks() -> None:
    leg = make("a")
    ticked = []
    for leg.player in (player(), None):
        routing.wire_alone(leg)
        ticked.append(leg.ticked)
    assert ticked == [True, False]
