"""What the twin's commit does to the keys; tests/contracts/ holds the twin to the real store."""

import pytest

from router.rows import Changes
from store.codec import encode_entry, encode_row
from store.errors import Deposed, OutOfOrder
from store.group import commit_values
from store.memory_shard import MemoryShard, apply, inbox_number, sections
from tests.store.samples import agent, turn


def test_it_has_the_bytes_that_the_real_store_would_have() -> None:
    shard, one = MemoryShard(epoch=1, owner="n1"), turn(1, Changes(agents=(agent(),)))
    apply(shard, commit_values(1, "n1", [one], ()))
    assert shard.agents == {"a1": encode_row(agent())}
    assert shard.journal == {1: encode_entry(one)}


def test_what_is_not_the_owners_or_out_of_order_changes_nothing() -> None:
    shard = MemoryShard(epoch=2, owner="n1")
    with pytest.raises(Deposed):
        apply(shard, commit_values(1, "n1", [turn(1)], ()))
    with pytest.raises(OutOfOrder):
        apply(shard, commit_values(2, "n1", [turn(2)], ()))
    assert shard == MemoryShard(epoch=2, owner="n1")


def test_sections_say_how_long_they_are() -> None:
    assert sections([2, "a", "b", 0, 1, "c"]) == [["a", "b"], [], ["c"]]


def test_the_number_of_an_inbox_entry() -> None:
    assert [inbox_number(each) for each in ("", "12-0")] == [0, 12]
