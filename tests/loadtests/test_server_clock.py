"""The server's time as an agent far away knows it."""

from loadtests.server_clock import KEPT, ServerClock


def test_an_answer_that_waited_shifts_nothing() -> None:
    clock = ServerClock()
    assert clock.at(5) == 5
    clock.told(1_000, 901_100, 1_200)
    assert clock.at(2_000) == 902_000
    # 300 ms between question and answer, nearly all of it on the way back: by its middle the server is 150 ms early.
    clock.told(10_000, 910_100, 310_000)
    assert clock.at(400_000) == 1_300_000
    clock.told(500_000, 1_400_060, 500_100)
    assert clock.at(600_000) == 1_500_010


def test_a_quick_answer_counts_for_a_while_only() -> None:
    clock = ServerClock()
    clock.told(0, 50, 100)
    for number in range(KEPT):
        clock.told(1_000 * number, 1_000 * number + 700, 1_000 * number + 200)
    assert clock.at(0) == 600
