"""The generator notices that it is late, and what of the machine it had."""

import time

import gevent

from loadtests.pulse import EVERY_S, SCHEDSTAT, Pulse
from loadtests.tally import Tally


def test_who_does_not_let_go_is_late() -> None:
    tally = Tally(began=time.monotonic())
    pulse = Pulse(tally)
    assert pulse.used() == {}, "it has not begun"
    ticks = pulse.start()
    gevent.sleep(2 * EVERY_S)
    end = time.thread_time() + 0.3
    while time.thread_time() < end:
        pass
    gevent.sleep(2 * EVERY_S)
    ticks.kill()
    late = [value for _, value in tally.samples["lateness"]]
    assert max(late) >= 1000 * (0.3 - EVERY_S)
    used = pulse.used()
    assert used["cpu"] > 0
    assert (used["waited"] is None) == (not SCHEDSTAT.exists())
    assert used["cores"] >= 1
