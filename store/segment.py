"""Segments of the journal as bytes: a start (snapshot, policy, version of the deciding code) and the turns after it.

A segment is `JFJ`, a format byte, two lengths, and two xz blocks: the head and the body, each msgpack (the body's is
of two streams, one after the other, as `xz -dc` takes them). Journal files
are segments one after the other, so that `cat` joins them. A segment needs nothing else to be replayed: it has every
policy that its turns name.
"""

import lzma
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from router.policy import Policy
from router.replay import Start
from router.rows import ShardImage
from store.codec import VERSION, JournalEntry, decode_entry, decode_image, decode_row
from store.errors import StoreError

FORMAT: Final = 1
_MAGIC: Final = b"JFJ"
_FRAME: Final = struct.Struct(">3sBII")
# Preset 2 has 2 MiB of window and needs about 30 MB while it packs; docs/journal.md has the sizes.
_PRESET: Final = 2


class SegmentError(StoreError):
    """A journal file cannot be read; the text says why, for the person who gave it."""


class Head(msgspec.Struct, array_like=True, frozen=True):
    """The state before the first turn, which is `after` + 1: rows and policy as the store has them.

    `clock` and `restored_at` in microseconds; `restored_at` is when a process took the shard over from these rows, None
    for a snapshot of a running shard. `code` names the code that decided (server.persistence.build).
    """

    codec: int
    code: str
    shard: str
    after: int
    clock: int
    restored_at: int | None
    policy_version: str | None
    policy: bytes
    agents: tuple[bytes, ...]
    work: tuple[bytes, ...]
    reservations: tuple[bytes, ...]
    neighbours: tuple[bytes, ...] = ()


class _Body(msgspec.Struct, array_like=True, frozen=True):
    policies: tuple[bytes, ...]
    entries: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class RawImage:
    """A shard's rows as they are stored, of one moment."""

    policy_version: str | None
    applied: int
    clock: int
    agents: tuple[bytes, ...]
    work: tuple[bytes, ...]
    reservations: tuple[bytes, ...]
    neighbours: tuple[bytes, ...] = ()

    def decoded(self) -> ShardImage:
        """Raises UnknownVersion or StoreCorrupt."""
        return decode_image(
            self.agents,
            self.work,
            self.reservations,
            self.neighbours,
            policy_version=self.policy_version,
            applied=self.applied,
            clock=self.clock,
        )


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment. `entries` are the stored turns, the first of sequence `head.after` + 1."""

    head: Head
    policies: tuple[bytes, ...]
    entries: tuple[bytes, ...]

    @property
    def last(self) -> int:
        """The sequence of the last turn; `head.after` when there is none."""
        return self.head.after + len(self.entries)

    def start(self) -> Start:
        """The state that a replay begins with. Raises UnknownVersion or StoreCorrupt."""
        head = self.head
        image = decode_image(
            head.agents,
            head.work,
            head.reservations,
            head.neighbours,
            policy_version=head.policy_version,
            applied=head.after,
            clock=head.clock,
        )
        return Start(decode_row(head.policy, Policy), image, head.restored_at)

    def turns(self) -> Iterator[JournalEntry]:
        """The recorded turns in order. Raises UnknownVersion, UnknownPolicy or StoreCorrupt."""
        known = [decode_row(data, Policy) for data in (self.head.policy, *self.policies)]
        policies = {policy.version: policy for policy in known}
        for sequence, data in enumerate(self.entries, self.head.after + 1):
            yield decode_entry(sequence, data, policies)


_encoder = msgspec.msgpack.Encoder()
_head_decoder = msgspec.msgpack.Decoder(Head)
_body_decoder = msgspec.msgpack.Decoder(_Body)
_Decoded = TypeVar("_Decoded")


def make_head(image: RawImage, policy: bytes, *, code: str, shard: str, restored_at: int | None) -> Head:
    """The head of the segment that begins after `image.applied`."""
    return Head(
        VERSION,
        code,
        shard,
        image.applied,
        image.clock,
        restored_at,
        image.policy_version,
        policy,
        image.agents,
        image.work,
        image.reservations,
        image.neighbours,
    )


def pack_head(head: Head) -> bytes:
    """The head's block. Takes its time with many rows: not for the event loop."""
    return lzma.compress(_encoder.encode(head), preset=_PRESET)


def unpack_head(block: bytes) -> Head:
    """The head of a block. Raises SegmentError."""
    head = _decoded(_head_decoder, block)
    if head.codec != VERSION:
        raise SegmentError(
            f"the segment after turn {head.after} has codec version {head.codec} (written by {head.code}); "
            f"this server reads version {VERSION}"
        )
    return head


class Packer:
    """Packs a segment of so many `turns` while they come, so that never all of them are in memory.

    `add` and `finish` take their time: not for the event loop.
    """

    def __init__(self, turns: int) -> None:
        self._stream = lzma.LZMACompressor(preset=_PRESET)
        self._left = turns
        # The policies come before the turns that name them, and are known after these.
        self._packed = [self._stream.compress(b"\xdd" + struct.pack(">I", turns))]

    def add(self, entries: Sequence[bytes]) -> None:
        """The next turns."""
        self._left -= len(entries)
        self._packed.append(self._stream.compress(b"".join([_encoder.encode(entry) for entry in entries])))

    def finish(self, head_block: bytes, policies: Sequence[bytes]) -> bytes:
        """The segment; call it once. Raises ValueError unless as many turns came as were said."""
        if self._left:
            raise ValueError(f"{self._left} turns too few")
        before = lzma.compress(b"\x92" + _encoder.encode(tuple(policies)), preset=_PRESET)
        body = b"".join((before, *self._packed, self._stream.flush()))
        return _FRAME.pack(_MAGIC, FORMAT, len(head_block), len(body)) + head_block + body


def pack(head_block: bytes, policies: Sequence[bytes], entries: Sequence[bytes]) -> bytes:
    """A segment of turns that are all at hand. Takes its time: not for the event loop."""
    packer = Packer(len(entries))
    packer.add(entries)
    return packer.finish(head_block, policies)


def read_segments(data: bytes) -> Iterator[Segment]:
    """The segments of a journal file, in order. Raises SegmentError at what cannot be read."""
    position = 0
    while position < len(data):
        head_size, body_size = _frame(data, position)
        position += _FRAME.size
        middle, end = position + head_size, position + head_size + body_size
        if end > len(data):
            raise SegmentError("the file is cut off in the middle of a segment")
        head = unpack_head(data[position:middle])
        body = _decoded(_body_decoder, data[middle:end])
        yield Segment(head, body.policies, body.entries)
        position = end


def _frame(data: bytes, position: int) -> tuple[int, int]:
    try:
        magic, version, head_size, body_size = _FRAME.unpack_from(data, position)
    except struct.error as error:
        raise SegmentError("the file is cut off in the middle of a segment") from error
    if magic != _MAGIC:
        raise SegmentError("this is no journal file: a segment begins with JFJ")
    if version != FORMAT:
        raise SegmentError(f"the segment has format {version}, this server reads format {FORMAT}")
    return head_size, body_size


def _decoded(decoder: "msgspec.msgpack.Decoder[_Decoded]", block: bytes) -> _Decoded:
    try:
        return decoder.decode(lzma.decompress(block, format=lzma.FORMAT_XZ))
    except (lzma.LZMAError, EOFError, msgspec.MsgspecError) as error:
        raise SegmentError(f"a damaged segment: {error}") from error
