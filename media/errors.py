"""What a media engine raises."""

from __future__ import annotations


class MediaError(Exception):
    """A media operation that could not be done; `reason` is a stable word for programs, `detail` is for people."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
