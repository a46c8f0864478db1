"""The codec carries every event, command and row, and its layout does not change unnoticed."""

import types
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import router.commands
import router.events
from router.commands import Command, Decision, ShowPresence
from router.events import AgentConnected, Event, PolicyChanged, TimePassed
from router.policy import AgentPolicy, Elsewhere, Policy, QueuePolicy
from router.rows import AgentRow, Handoff, NeighbourRow, ReservationRow, Stay, WorkRow
from router.vocabulary import Medium, Presence, Requirement
from store import codec
from store.codec import COMMAND_TAGS, EVENT_TAGS, decode_entry, decode_event, decode_row, encode_entry, encode_row
from store.errors import StoreCorrupt, UnknownPolicy, UnknownVersion
from tests.store.samples import T0, agent, policy, turn

EVENTS = get_args(Event)
COMMANDS = get_args(Command)
ROWS = (AgentRow, WorkRow, ReservationRow, NeighbourRow, Policy)

OF_HANDOFFS = (Handoff, Elsewhere, Stay)

# Words that would mean a person. Texts and personal data live in SQL, where they can be erased.
PERSONAL = ("name", "phone", "number", "caller", "address", "email", "text", "note", "message", "body")


@cache
def strategy_of(annotation: Any) -> st.SearchStrategy[Any]:
    """Return values of a field's type; integers are those of 64 bits that msgpack has."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (types.UnionType, Union):
        return st.one_of(*(strategy_of(part) for part in arguments))
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(strategy_of(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*(strategy_of(part) for part in arguments))
    if origin is Mapping:
        return st.dictionaries(strategy_of(arguments[0]), strategy_of(arguments[1]), max_size=3)
    if annotation is int:
        return st.integers(-(2**63), 2**63 - 1)
    if annotation in (str, bool, type(None)) or issubclass(annotation, Enum):
        return st.from_type(annotation)
    hints = get_type_hints(annotation)
    return st.builds(annotation, **{name: strategy_of(hints[name]) for name in annotation.__match_args__})


def test_every_event_and_command_has_a_tag_of_its_own() -> None:
    assert set(EVENT_TAGS) == set(EVENTS)
    assert set(COMMAND_TAGS) == set(COMMANDS)
    for tags in (EVENT_TAGS, COMMAND_TAGS):
        assert len(set(tags.values())) == len(tags)


def test_the_unions_hold_every_class_of_their_modules() -> None:
    """A class that is defined but missing in its union would never be journalled."""
    for module, union, helpers in (
        (router.events, EVENTS, set()),
        (router.commands, COMMANDS, {"Decision"}),
    ):
        defined = {
            name
            for name, value in vars(module).items()
            if isinstance(value, type) and value.__module__ == module.__name__
        }
        assert defined - helpers == {cls.__name__ for cls in union}


@pytest.mark.parametrize("cls", EVENTS, ids=lambda cls: cls.__name__)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_events_survive(cls: type, data: st.DataObject) -> None:
    event = data.draw(strategy_of(cls))
    policies = {event.policy.version: event.policy} if isinstance(event, PolicyChanged) else {}
    assert decode_event(codec.encode_event(event), policies) == event
    entry = decode_entry(7, encode_entry(turn(7, event=event)), policies)
    assert (entry.sequence, entry.now, entry.event) == (7, T0 + 7, event)
    assert type(entry.event) is cls


@pytest.mark.parametrize("cls", COMMANDS, ids=lambda cls: cls.__name__)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_commands_survive(cls: type, data: st.DataObject) -> None:
    command = data.draw(strategy_of(cls))
    entry = decode_entry(7, encode_entry(turn(7, commands=(command, command))), {})
    assert entry.commands == (command, command)
    assert type(entry.commands[0]) is cls


@pytest.mark.parametrize("cls", ROWS, ids=lambda cls: cls.__name__)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_rows_survive(cls: Any, data: st.DataObject) -> None:
    row = data.draw(strategy_of(cls))
    assert decode_row(encode_row(row), cls) == row


def test_a_policy_keeps_the_order_of_its_mappings() -> None:
    """Decisions may follow that order, so replay needs it."""
    agents = policy().agents
    first = agents["a1"]
    many = {name: replace(first, agent_id=name) for name in ("zoe", "a1", "mia")}
    restored = decode_row(encode_row(replace(policy(), agents=many)), Policy)
    assert list(restored.agents) == ["zoe", "a1", "mia"]


def test_the_journal_keeps_only_the_version_of_a_policy() -> None:
    data = encode_entry(turn(1, event=PolicyChanged(policy("version-1"))))
    assert b"version-1" in data
    assert b"orders" not in data
    with pytest.raises(UnknownPolicy) as unknown:
        decode_entry(1, data, {})
    assert unknown.value.version == "version-1"
    policies = {version: policy(version) for version in ("version-0", "version-1", "version-2")}
    assert decode_entry(1, data, policies).event == PolicyChanged(policy("version-1"))


def test_another_codec_version_is_named() -> None:
    data = encode_row(agent())
    for other in (0, codec.VERSION + 1, 255):
        with pytest.raises(UnknownVersion, match=f"version {other}, this server reads version {codec.VERSION}"):
            decode_row(bytes([other]) + data[1:], AgentRow)
    with pytest.raises(UnknownVersion):
        decode_row(b"", AgentRow)


@pytest.mark.parametrize("rest", [b"", b"\xc1", b"\x90", b"\x81\x01\x02", b"\x92\x63\xa1x"])
def test_damaged_bytes_are_an_error_of_the_store(rest: bytes) -> None:
    data = bytes([codec.VERSION]) + rest
    with pytest.raises(StoreCorrupt):
        decode_event(data, {})
    with pytest.raises(StoreCorrupt):
        decode_row(data, WorkRow)
    with pytest.raises(StoreCorrupt):
        decode_entry(1, data, {})


def test_a_field_added_at_the_end_with_a_default_reads_older_bytes() -> None:
    row = agent()
    assert (row.unconfirmed, row.node) == (False, "")
    written = encode_row(row)
    assert written[1:4] == b"\xdc\x00\x10"  # array of sixteen
    added = msgspec.msgpack.encode([None, 0, (), False, "", row.media, (), None, None])[1:]
    older = written[:1] + b"\x97" + written[4 : -len(added)]
    assert decode_row(older, AgentRow) == row


def test_a_connection_of_an_older_journal_reached_its_agent_by_every_medium() -> None:
    older = bytes([codec.VERSION]) + msgspec.msgpack.encode([EVENT_TAGS[AgentConnected], "ann", 3])
    assert decode_event(older, {}) == AgentConnected("ann", 3, media=tuple(Medium))


def test_what_an_older_journal_showed_is_what_is_shown_of_whoever_pauses_nothing() -> None:
    entry = [1, "t", [EVENT_TAGS[TimePassed]], [[COMMAND_TAGS[ShowPresence], "ann", "ready", None, 7]]]
    older = bytes([codec.VERSION]) + msgspec.msgpack.encode(entry)
    assert decode_entry(1, older, {}).commands == (ShowPresence("ann", Presence.READY, None, 7),)


def test_no_field_can_hold_what_names_a_person() -> None:
    for cls in (*EVENTS, *(cls for cls in COMMANDS if cls.__name__ != "Refuse"), *ROWS[:4], *OF_HANDOFFS):
        for name in cls.__match_args__:
            assert name not in PERSONAL, f"{cls.__name__}.{name}"


def layout() -> list[str]:
    """Return the layout of the codec: tags, and fields in order, nested types included."""
    lines = []
    for kind, tags in (("event", EVENT_TAGS), ("command", COMMAND_TAGS)):
        lines += [f"{kind} {tag} {_fields(cls)}" for cls, tag in tags.items()]
    return lines + [
        f"row {_fields(cls)}" for cls in (*ROWS, QueuePolicy, AgentPolicy, Requirement, Decision, *OF_HANDOFFS)
    ]


def _fields(cls: Any) -> str:
    return " ".join([cls.__name__, *cls.__match_args__])


def test_the_layout_is_that_of_its_version() -> None:
    """Bytes that were written stay readable: append fields with defaults (and extend the file), or raise VERSION."""
    kept = Path(__file__).parent / f"codec_layout_{codec.VERSION}.txt"
    assert layout() == kept.read_text().splitlines()
