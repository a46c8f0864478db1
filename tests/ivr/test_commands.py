"""The contract's words are those that the machine uses."""

from random import Random
from typing import get_args

import pytest

from ivr.commands import Note, NoteKind, Play
from tests.ivr.walk import Caller, random_flow


def test_every_kind_of_note_is_written_and_no_other() -> None:
    random = Random(3)
    kinds: set[str] = set()
    for _ in range(2000):
        caller = Caller(random_flow(random), random)
        caller.walk(turns=12)
        kinds |= caller.notes
    assert kinds == set(get_args(NoteKind))


def test_commands_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Play(1, ("en/hello",), barge_in=True).play_id = 2  # type: ignore[misc]
    assert Note("menu", "main") == Note("menu", "main", "")
