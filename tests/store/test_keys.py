"""Names of keys."""

from dataclasses import fields

import pytest

from store.keys import bindings_key, node_keys, shard_keys


def test_all_keys_of_a_shard_share_its_hash_tag() -> None:
    keys = shard_keys("s1")
    values = [getattr(keys, item.name) for item in fields(keys)]
    assert all(value.startswith(b"jf:{s1}:") for value in values)
    assert len(set(values)) == len(values)


def test_the_commit_is_given_every_key_but_those_of_the_segments_and_of_the_senders() -> None:
    keys = shard_keys("s1")
    assert set(keys.of_commit()) == {getattr(keys, item.name) for item in fields(keys)} - {
        keys.heads,
        keys.senders,
    }


@pytest.mark.parametrize("name", ["", "a{b", "a}b"])
def test_a_name_that_breaks_the_hash_tag_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a usable key name"):
        shard_keys(name)


def test_nodes_and_bindings_stand_apart_from_shards() -> None:
    assert node_keys().members == b"jf:{nodes}:members"
    assert bindings_key("1001") == b"jf:bindings:1001"
