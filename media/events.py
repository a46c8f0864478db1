"""What a media engine tells its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EventKind = Literal["connected", "digit", "played", "leg_failed", "record_failed"]


@dataclass(frozen=True, slots=True)
class MediaEvent:
    """One past-tense fact about a leg.

    `reason` of played: finished, stopped, failed. Of leg_failed: worker_lost, ice_failed, peer_closed, no_media,
    owner_lost, and what an order failed with (media.orders). Of record_failed: what the system said; `path` is the
    file, into which nothing more is written.
    `digit` is one character of 0-9 * # A-D; it is reported when the press begins, so its `duration_ms` is None.
    """

    kind: EventKind
    leg_id: str
    play_id: str | None = None
    digit: str | None = None
    reason: str | None = None
    duration_ms: int | None = None
    path: str | None = None
