"""Messages out of a byte stream by Content-Length (RFC 3261 s.18.3), with the CRLF keep-alive of RFC 5626. Pure."""

import re

from sip.headers import Malformed
from sip.message import MAX_BYTES

PING = b"\r\n\r\n"
_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:[ \t]*(\d{1,6})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


class Framer:
    """Holds at most one incomplete message. `feed` raises `Malformed` when the stream cannot be followed further."""

    __slots__ = ("_buffer", "pings")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.pings = 0

    @property
    def pending(self) -> bool:
        """Whether the beginning of a message waits for its rest; that of a keep-alive (a lone CRLF) is none."""
        return len(self._buffer) >= len(PING)

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are now complete; `pings` grows by the keep-alives seen."""
        self._buffer += data
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> bytes | None:
        buffer = self._buffer
        while buffer.startswith(PING):
            del buffer[:4]
            self.pings += 1
        if buffer.startswith(b"\r\n") and len(buffer) > 2 and not PING.startswith(bytes(buffer[:4])):
            del buffer[:2]
        end = buffer.find(PING, 0, MAX_BYTES)
        if end < 0:
            if len(buffer) > MAX_BYTES:
                raise Malformed("message too large", 513)
            return None
        found = _LENGTH.search(buffer, 0, end + 2)
        if found is None:
            raise Malformed("no Content-Length in a stream")
        size = end + 4 + int(found[1])
        if size > MAX_BYTES:
            raise Malformed("message too large", 513)
        if len(buffer) < size:
            return None
        message = bytes(buffer[:size])
        del buffer[:size]
        return message
