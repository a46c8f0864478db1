"""The same seed, replication and purpose give the same numbers; nothing else does."""

from simulator.streams import Streams


def test_numbers_belong_to_seed_replication_purpose_name_and_turn() -> None:
    def first(seed: int, replication: int, purpose: str, name: str, turn: int) -> float:
        return float(Streams(seed, replication).uniforms(purpose, name, turn, 1)[0])

    base = (1, 0, "talk", "calls", 0)
    assert first(*base) == first(*base)
    others = [(2, 0, "talk", "calls", 0), (1, 1, "talk", "calls", 0), (1, 0, "wrap_up", "calls", 0)]
    others += [(1, 0, "talk", "chats", 0), (1, 0, "talk", "calls", 1)]
    assert len({first(*key) for key in (base, *others)}) == 6


def test_more_customers_do_not_change_those_before() -> None:
    streams = Streams(5, 3)
    assert streams.uniforms("talk", "calls", 0, 10).tolist() == streams.uniforms("talk", "calls", 0, 50)[:10].tolist()
