"""The least of WebSocket frames (RFC 6455 s.5.2) that a client of the benchmarks needs."""


def masked(payload: bytes) -> bytes:
    """A client's text frame (RFC 6455 s.5.2); the mask is nought, which leaves the payload as it is."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, 0x80 | size, 0, 0, 0, 0)) + payload
    return bytes((0x81, 0xFE)) + size.to_bytes(2, "big") + bytes(4) + payload


def frames(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The whole frames at the beginning, opcode and payload of each, and what is left."""
    found, at, end = [], 0, len(data)
    while end - at >= 2:
        size, head = data[at + 1] & 0x7F, at + 2
        if size >= 126:
            head = at + (4 if size == 126 else 10)
            size = int.from_bytes(data[at + 2 : head], "big")
        if end < head + size:
            break
        found.append((data[at] & 0x0F, data[head : head + size]))
        at = head + size
    return found, data[at:]
