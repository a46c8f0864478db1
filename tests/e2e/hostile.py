"""What strangers send: nonsense by every way in, made from a seed, so that a run can be repeated.

Half of each kind is built like the real thing with parts exchanged, half is the real thing with bytes changed.
"""

import asyncio
import base64
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from random import Random
from typing import cast

import aiohttp

from agents_ws.examples import CLIENT_EXAMPLES
from agents_ws.messages import encode
from tests.e2e.server import Server
from tests.ports import HOST

# UDP without pauses is lost in the receiver's buffer, and then shows nothing.
LOT = 50
IN_PARALLEL = 16
PAUSE_S = 0.05
METHODS = ("INVITE", "REGISTER", "OPTIONS", "BYE", "ACK", "CANCEL", "INFO", "PRACK", "REFER", "PUBLISH", "\x00", "")
ODD = ("", " ", "\t", "\r\n ", "%00", "é", "☎", "<", '"', ";", "," * 50, "A" * 3000, "0", "-1", "99999999999999999999")

Send = Callable[[bytes], None]


def changed(data: bytes, dice: Random) -> bytes:
    """The same with some bytes changed, cut out, doubled or cut off."""
    made = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(made) + 1)
        match dice.randrange(4):
            case 0:
                made[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del made[at : at + dice.randint(1, 8)]
            case 2:
                made[at:at] = made[at : at + dice.randint(1, 64)]
            case _:
                made[at:at] = dice.randbytes(dice.randint(1, 8))
    return bytes(made[: dice.randrange(len(made) + 1)] if dice.random() < 0.1 else made)


def sip_message(server: Server, dice: Random) -> bytes:
    """One datagram for the SIP port."""
    if dice.random() < 0.03:
        return dice.randbytes(dice.randrange(1400))

    def odd(usual: str) -> str:
        return dice.choice(ODD) if dice.random() < 0.08 else usual

    method, number = odd(dice.choice(METHODS)), dice.randrange(10**9)
    target = odd(dice.choice(("4000", "4100", "1001", "nobody", "*")))
    body = odd(dice.choice(("", "v=0\r\n", "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0 999\r\n")))
    rows = [
        f"{method} sip:{target}@{odd(server.sip)} {odd('SIP/2.0')}",
        f"Via: SIP/2.0/{odd('UDP')} {odd('127.0.0.1:9')};branch={odd(f'z9hG4bK{number}')};rport",
        f"From: {odd('<sip:x@127.0.0.1>')};tag={odd(str(number))}",
        f"To: {odd(f'<sip:{target}@{server.sip}>')}{dice.choice(('', '', f';tag={number}'))}",
        f"Call-ID: {odd(str(number))}",
        f"CSeq: {odd(str(dice.randrange(2**33)))} {odd(method)}",
        f"Max-Forwards: {odd(str(dice.randrange(300)))}",
        f"Contact: {odd('<sip:x@127.0.0.1:9>')}",
        f"Expires: {odd('60')}",
        f"Content-Type: {odd('application/sdp')}",
        f"Authorization: {odd('Digest username=1001')}, nonce={odd('x')}, uri={odd('sip:x')}, response={odd('y')}",
    ]
    dice.shuffle(rows[1:])
    kept = [row for row in rows if dice.random() < 0.93]
    length = odd(str(len(body)))
    data = "\r\n".join([*kept, f"Content-Length: {length}", "", body]).encode("utf-8", "replace")
    return data if dice.random() < 0.5 else changed(data, dice)


def media_packet(dice: Random) -> bytes:
    """One datagram for a media port: RTP, RTCP, STUN or DTLS, or what looks like it."""
    match dice.randrange(5):
        case 0:
            first = dice.choice((0x80, 0x90, 0xA0, 0x8F, 0xBF, 0x00, 0xFF))
            head = struct.pack("!BBHII", first, dice.randrange(256), dice.randrange(65536), dice.randrange(2**32), 7)
            data = head + dice.randbytes(dice.randrange(400))
        case 1:
            data = struct.pack("!BBH", 0x80 | dice.randrange(32), 200 + dice.randrange(8), dice.randrange(400))
            data += dice.randbytes(dice.randrange(120))
        case 2:
            attributes = b"".join(
                struct.pack("!HH", dice.choice((6, 8, 0x20, 0x24, 0x8028, 0xFFFF)), dice.choice((0, 4, 20, 65535)))
                + dice.randbytes(dice.choice((0, 4, 20)))
                for _ in range(dice.randrange(6))
            )
            kind = dice.choice((0x0001, 0x0101, 0x0111, 0x3FFF))
            head = struct.pack("!HHI", kind, dice.choice((len(attributes), 65535)), 0x2112A442)
            data = head + dice.randbytes(12) + attributes
        case 3:
            data = bytes([dice.choice((20, 21, 22, 23)), 254, 253]) + dice.randbytes(dice.randrange(200))
        case _:
            data = dice.randbytes(dice.randrange(1400))
    return data if dice.random() < 0.7 else changed(data or b"\0", dice)


async def datagrams(port: int, count: int, make: Callable[[], bytes], source: str = "127.0.0.9") -> None:
    """So many datagrams to a port of the server, in lots, from an address of their own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind((source, 0))
        for number in range(count):
            with suppress(OSError):  # longer than a datagram, or refused before
                out.sendto(make(), (HOST, port))
            if number % LOT == LOT - 1:
                await asyncio.sleep(0.005)


# --- WebSocket


class NoSocketError(Exception):
    """What was asked for is no WebSocket at all: the run would show nothing."""


def frame(payload: bytes, dice: Random) -> bytes:
    """A client's frame (RFC 6455 section 5.2), often with something wrong in its head."""
    first = dice.choice((0x81, 0x82, 0x81, 0x81, 0x01, 0x80, 0x88, 0x89, 0x8A, 0x83, 0xF1, 0xC1))
    masked = 0x80 if dice.random() < 0.95 else 0
    size = len(payload) if dice.random() < 0.97 else dice.choice((0, 126, 2**16, 2**40, 2**63 - 1))
    if size < 126:
        head = bytes([first, masked | size])
    elif size < 2**16:
        head = bytes([first, masked | 126]) + struct.pack("!H", size)
    else:
        head = bytes([first, masked | 127]) + struct.pack("!Q", size)
    mask = dice.randbytes(4)
    body = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)) if masked else payload
    return head + (mask if masked else b"") + body


def agent_message(token: str, dice: Random) -> bytes:
    """A message of the agents' protocol, or nearly one."""
    if dice.random() < 0.3:
        return changed(f'{{"type":"hello","token":"{token}"}}'.encode(), dice)
    return changed(encode(dice.choice(CLIENT_EXAMPLES)), dice)


async def web_sockets(
    server: Server, where: tuple[str, str], count: int, make: Callable[[Random], bytes], seed: int
) -> None:
    """`where`: path and subprotocol. So many frames, some to a connection, by several connections at a time."""
    share = count // IN_PARALLEL

    async def one(number: int) -> None:
        dice, left = Random(f"{seed}-{number}"), share
        while left > 0:
            left -= await _one_socket(server, where, min(left, dice.randint(1, 40)), make, dice)

    async with asyncio.TaskGroup() as tasks:
        for number in range(IN_PARALLEL):
            tasks.create_task(one(number))


async def _one_socket(
    server: Server, where: tuple[str, str], count: int, make: Callable[[Random], bytes], dice: Random
) -> int:
    reader, writer = await asyncio.open_connection(HOST, server.http_port)
    try:
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET {where[0]} HTTP/1.1\r\nHost: {HOST}:{server.http_port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {where[1]}\r\n\r\n".encode()
        )
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith((b"HTTP/1.1 101", b"HTTP/1.1 429", b"HTTP/1.1 503")):
            raise NoSocketError(answer[:60])
        for _ in range(count):
            writer.write(frame(make(dice), dice))
        await writer.drain()
        writer.write_eof()
        async with asyncio.timeout(30):
            while await reader.read(65536):
                pass
    except (OSError, asyncio.IncompleteReadError, TimeoutError):
        pass  # the server may hang up whenever it likes
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    return count


# --- HTTP


async def bodies(server: Server, token: str, paths: Sequence[tuple[str, str]], count: int, seed: int) -> set[int]:
    """So many requests with bodies that are wrong; returns the statuses seen."""
    seen: set[int] = set()
    share = count // IN_PARALLEL

    async def one(number: int) -> None:
        dice = Random(f"{seed}-{number}")
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as http:
            for _ in range(share):
                method, path = dice.choice(paths)
                headers = {"Authorization": f"Bearer {token}"} if dice.random() < 0.8 else {}
                headers["Content-Type"] = dice.choice(("application/json", "application/json", "text/plain", "x/y"))
                with suppress(aiohttp.ClientError, ValueError):
                    async with http.request(method, server.base + path, data=body(dice), headers=headers) as answer:
                        seen.add(answer.status)

    async with asyncio.TaskGroup() as tasks:
        for number in range(IN_PARALLEL):
            tasks.create_task(one(number))
    return seen


def body(dice: Random) -> bytes:
    """Nearly JSON, nearly what is asked for."""
    match dice.randrange(5):
        case 0:
            return dice.randbytes(dice.randrange(200))
        case 1:
            return b"[" * dice.randrange(5000)
        case 2:
            return b'{"comment": "' + b"x" * dice.choice((10, 1000, 100_000)) + b'"}'
        case 3:
            word = dice.choice(("account", "presence", "queue", "agent_id", "priority", "text", "kind", "value"))
            value = dice.choice(("null", "1e999", "-1", '"\\ud800"', "{}", "[]", "true", "99999999999999999999999"))
            return f'{{"{word}": {value}}}'.encode()
        case _:
            return changed(b'{"account": "agent1", "password": "x", "presence": "ready", "comment": ""}', dice)


# --- those who send nothing


async def silent(port: int, count: int, say: bytes, meanwhile: Callable[[], Awaitable[None]], room: int = 0) -> int:
    """So many connections that say this much and no more, while `meanwhile` runs; how many the server let in.

    They read what comes, unless they have `room` (bytes) for it: then they never do, and come one after the other, as
    what each of them asks for is work.
    """
    opened = []
    for _ in range(count):
        line = socket.socket()
        if room:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        line.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(line, (HOST, port))
            _, writer = await asyncio.open_connection(sock=line)
        except OSError:
            line.close()
            continue
        if room:
            cast("asyncio.ReadTransport", writer.transport).pause_reading()
        writer.write(say)
        opened.append(writer)
        if room:
            await asyncio.sleep(PAUSE_S)
    try:
        await meanwhile()
        return len(opened)
    finally:
        for writer in opened:
            writer.close()
        for writer in opened:
            with suppress(ConnectionError):
                await writer.wait_closed()
