"""Bytes of everything that is stored: one version byte, then msgpack arrays.

Events and commands are led by an integer tag from the tables below. A tag is never given to another type. Text that
names a person has no field in any of these types; the policy is stored once under its version, and the journal
keeps the version alone.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar, Union, cast

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from router import commands as c
from router import events as e
from router.policy import Policy
from router.rows import AgentRow, NeighbourRow, ReservationRow, ShardImage, Turn, WorkRow
from store.errors import StoreCorrupt, UnknownPolicy, UnknownVersion
from store.wire import from_twin, to_twin, twin

VERSION: Final = 1
POLICY_CHANGED_TAG: Final = 1

EVENT_TAGS: Final[Mapping[type, int]] = {
    e.PolicyChanged: POLICY_CHANGED_TAG,
    e.AgentConnected: 2,
    e.AgentDisconnected: 3,
    e.PresenceSet: 4,
    e.WorkQueued: 5,
    e.CustomerLeft: 6,
    e.OfferAccepted: 7,
    e.OfferRejected: 8,
    e.OfferFailed: 9,
    e.AssignmentConnected: 10,
    e.AssignmentFailed: 11,
    e.AssignmentEnded: 12,
    e.WrapUpFinished: 13,
    e.NodeLost: 14,
    e.TimePassed: 15,
    e.InteractionOpened: 16,
    e.InteractionNoted: 17,
    e.InteractionClosed: 18,
    e.WorkMoved: 19,
    e.WorkDirected: 20,
    e.WorkCancelled: 21,
    e.WrapUpExtended: 22,
    e.CallbackRequested: 23,
    e.CallbackFailed: 24,
    e.WorkPrioritised: 25,
    e.DayStarted: 26,
    e.PresenceQueued: 27,
    e.MediaPaused: 28,
    e.WorkParked: 29,
    e.WorkRecalled: 30,
    e.WorkTakenUp: 31,
    e.HandoffAsked: 32,
    e.HandoffAnswered: 33,
    e.HandoffHosted: 34,
}
COMMAND_TAGS: Final[Mapping[type, int]] = {
    c.SendOffer: 1,
    c.WithdrawOffer: 2,
    c.JoinLegs: 3,
    c.PartLegs: 4,
    c.StartWrapUp: 5,
    c.EndWrapUp: 6,
    c.RequeueWork: 7,
    c.CloseWork: 8,
    c.ShowPresence: 9,
    c.Refuse: 10,
    c.DivertWork: 11,
    c.ParkWork: 12,
    c.HandWork: 13,
    c.AnswerHandoff: 14,
}


class _PolicyVersion(Struct, frozen=True, gc=False):
    """What the journal keeps of PolicyChanged."""

    version: str


class JournalEntry(Struct, frozen=True, gc=False):
    """One committed turn as the journal has it. `now` in microseconds of the shard's clock."""

    sequence: int
    now: int
    cause: str
    event: e.Event
    commands: tuple[c.Command, ...]


_EVENT_TWINS: Final = {
    cls: twin(_PolicyVersion if cls is e.PolicyChanged else cls, tag) for cls, tag in EVENT_TAGS.items()
}
_COMMAND_TWINS: Final = {cls: twin(cls, tag) for cls, tag in COMMAND_TAGS.items()}
_EVENT_OF_TWIN: Final = {made: cls for cls, made in _EVENT_TWINS.items()}
_COMMAND_OF_TWIN: Final = {made: cls for cls, made in _COMMAND_TWINS.items()}
# The members of these unions are known at run time only.
_any_event: Any = Union.__getitem__(tuple(_EVENT_TWINS.values()))
_any_command: Any = Union.__getitem__(tuple(_COMMAND_TWINS.values()))

_encoder = msgspec.msgpack.Encoder()
# Commits are encoded while an offer waits for them: no more calls than it takes.
_encode = _encoder.encode
_event_decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(_any_event)
_entry_decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(
    tuple[int, str, _any_event, tuple[_any_command, ...]]
)
_outline_decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(tuple[int, str, msgspec.Raw, msgspec.Raw])
_ROW_TWINS: Final = {cls: twin(cls) for cls in (AgentRow, WorkRow, ReservationRow, NeighbourRow, Policy)}
_row_decoders: Final = {cls: msgspec.msgpack.Decoder(made) for cls, made in _ROW_TWINS.items()}
_LEAD: Final = bytes([VERSION])

Row = TypeVar("Row", AgentRow, WorkRow, ReservationRow, NeighbourRow, Policy)


def encode_row(row: AgentRow | WorkRow | ReservationRow | NeighbourRow | Policy) -> bytes:
    """Return the stored bytes of a row or a policy."""
    return _LEAD + _encode(to_twin(row, _ROW_TWINS[Policy]) if isinstance(row, Policy) else row)


def decode_row(data: bytes, cls: type[Row]) -> Row:
    """Return the row of type `cls`. Raises UnknownVersion or StoreCorrupt."""
    row = _decode(_row_decoders[cls], data)
    return from_twin(row, cls) if cls is Policy else cast("Row", row)


def decode_image(
    agents: Iterable[bytes],
    work: Iterable[bytes],
    reservations: Iterable[bytes],
    neighbours: Iterable[bytes] = (),
    *,
    policy_version: str | None,
    applied: int,
    clock: int,
) -> ShardImage:
    """Return the image of the stored rows, each kind in a fixed order whatever order they come in."""
    return ShardImage(
        agents=tuple(sorted((decode_row(data, AgentRow) for data in agents), key=lambda row: row.agent_id)),
        work=tuple(sorted((decode_row(data, WorkRow) for data in work), key=lambda row: (row.sequence, row.work_id))),
        reservations=tuple(
            sorted((decode_row(data, ReservationRow) for data in reservations), key=lambda row: row.reservation_id)
        ),
        policy_version=policy_version,
        applied=applied,
        clock=clock,
        neighbours=tuple(sorted((decode_row(data, NeighbourRow) for data in neighbours), key=lambda row: row.shard)),
    )


def encode_event(event: e.Event) -> bytes:
    """Return the bytes of an event for an inbox."""
    return _LEAD + _encode(_tagged_event(event))


def decode_event(data: bytes, policies: Mapping[str, Policy]) -> e.Event:
    """Return the event. Raises UnknownPolicy when it names a version that is not in `policies`."""
    return _event_of(_decode(_event_decoder, data), policies)


def encode_entry(turn: Turn) -> bytes:
    """Return the journal's bytes of a turn: without its sequence (the entry's id) and its changes."""
    commands = [(COMMAND_TAGS[type(one)], *astuple(one)) for one in turn.commands]
    return _LEAD + _encode((turn.now, turn.cause, _tagged_event(turn.event), commands))


def decode_entry(sequence: int, data: bytes, policies: Mapping[str, Policy]) -> JournalEntry:
    """Return the entry. Raises UnknownPolicy when its event names a version that is not in `policies`."""
    now, cause, event, commands = _decode(_entry_decoder, data)
    decoded: tuple[Any, ...] = tuple(_COMMAND_OF_TWIN[type(command)](*astuple(command)) for command in commands)
    return JournalEntry(sequence, now, cause, _event_of(event, policies), decoded)


def policy_named(data: bytes) -> str | None:
    """The version that a stored journal entry makes current, when its event is PolicyChanged."""
    event = bytes(_decode(_outline_decoder, data)[2])
    if event[1] != POLICY_CHANGED_TAG:  # an array of up to 15 has one byte before its tag
        return None
    return cast("str", _event_decoder.decode(event).version)


def _tagged_event(event: e.Event) -> tuple[object, ...]:
    if isinstance(event, e.PolicyChanged):
        return (POLICY_CHANGED_TAG, event.policy.version)
    return (EVENT_TAGS[type(event)], *astuple(event))


def _event_of(value: Any, policies: Mapping[str, Policy]) -> e.Event:
    cls = _EVENT_OF_TWIN[type(value)]
    if cls is not e.PolicyChanged:
        return cast("e.Event", cls(*astuple(value)))
    policy = policies.get(value.version)
    if policy is None:
        raise UnknownPolicy(value.version)
    return e.PolicyChanged(policy)


def _decode(decoder: msgspec.msgpack.Decoder[Any], data: bytes) -> Any:
    if not data or data[0] != VERSION:
        raise UnknownVersion(data[0] if data else 0, VERSION)
    try:
        return decoder.decode(memoryview(data)[1:])
    except msgspec.MsgspecError as error:
        raise StoreCorrupt(f"undecodable stored value: {error}") from error
