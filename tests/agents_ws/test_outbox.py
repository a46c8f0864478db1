from agents_ws.outbox import Outbox, OutboxLimits


def test_holds_until_acknowledged() -> None:
    outbox = Outbox(OutboxLimits(messages=3, size=100))
    assert [outbox.append(p) for p in (b"one", b"two", b"three")] == [True] * 3
    assert (outbox.get(1), outbox.get(3), outbox.get(4), outbox.get(0)) == (b"one", b"three", None, None)
    outbox.acknowledge(2)
    assert (len(outbox), outbox.size, outbox.first, outbox.last) == (1, 5, 3, 3)
    assert outbox.get(2) is None
    outbox.acknowledge(99)
    assert (len(outbox), outbox.size, outbox.first, outbox.last) == (0, 0, 4, 3)


def test_bounded_by_count_and_by_bytes() -> None:
    outbox = Outbox(OutboxLimits(messages=2, size=10))
    assert outbox.append(b"x" * 10)
    assert not outbox.append(b"y")
    outbox.acknowledge(1)
    assert outbox.append(b"a")
    assert outbox.append(b"b")
    assert not outbox.append(b"c")
    assert (len(outbox), outbox.size, outbox.last) == (2, 2, 3)


def test_a_snapshot_goes_before_what_is_held_and_is_not_limited() -> None:
    outbox = Outbox(OutboxLimits(messages=1, size=4))
    outbox.restart(8)
    assert outbox.append(b"late")
    outbox.prepend(b"the snapshot")
    assert (outbox.first, outbox.last, outbox.get(7), outbox.get(8)) == (7, 8, b"the snapshot", b"late")
    outbox.acknowledge(7)
    assert (outbox.size, outbox.first) == (4, 8)
