"""CPU for the signalling of a call: parse, transactions, dialog, answer, BYE, in one process and without sockets.

Prints one JSON object a line, in microseconds a call: a caller's call that we answer, a phone's that we make, the four
session descriptions of both, and a floor (the cost of decoding and splitting the same bytes into lines, which any
parser pays). `sip.cold_calls` is a caller's and a phone's call with the processor's caches emptied before each message
and command: nearly so a server meets them that has other work in between.

Run: `.venv/bin/python -m bench.sip_uas [calls]`
"""

import gc
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from bench.figures import line
from server.calls.sdp_port import SdpPort
from sip.clock import monotonic_us, random_ids
from sip.core import Core, outgoing
from sip.events import CallReceived
from sip.flow import Flow
from sip.layer import SendBytes
from sip.settings import Settings
from sip.uac import Outgoing

HOST = "127.0.0.1"
LARGE = 48 * 1024 * 1024
# As SIPp writes them: a port of five digits, a length with room for five.
PEER = Flow("UDP", HOST, 50_700)
AT = f"{HOST}:{PEER.port}"
PHONE = f"sip:1001@{AT}"
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
)
BATCH = 50


def times(count: int, one: Callable[[], None]) -> None:
    """One after the other."""
    for _ in range(count):
        one()


def message(method: str, n: int, cseq: int, branch: str, to_tag: str, body: str = "") -> bytes:
    """One request as a usual phone writes it."""
    kind = "Content-Type: application/sdp\r\n" if body else ""
    to = f";tag={to_tag}" if to_tag else ""
    return (
        f"{method} sip:400@127.0.0.1:5060 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {AT};rport;branch=z9hG4bK{branch}{n}\r\n"
        f'Max-Forwards: 70\r\nFrom: "Caller {n}" <sip:{n}@127.0.0.1>;tag=c{n}\r\nTo: <sip:400@127.0.0.1>{to}\r\n'
        f"Call-ID: bench-{n}@127.0.0.1\r\nCSeq: {cseq} {method}\r\nContact: <sip:{n}@{AT}>\r\n"
        f"User-Agent: bench\r\nSupported: replaces, timer\r\nAllow: INVITE, ACK, CANCEL, BYE, INFO, OPTIONS\r\n"
        f"{kind}Content-Length: {len(body):5}\r\n\r\n{body}"
    ).encode()


def calls(core: Core, sent: list[bytes], numbers: Iterator[int], size: int = BATCH) -> Callable[[], None]:
    """A function that takes `size` calls from INVITE to BYE: 100, 180, 200, ACK, BYE, 200."""
    now = itertools.count(1_000_000, 1_000)

    def one() -> None:
        n = next(numbers)
        core.receive(message("INVITE", n, 1, "i", "", SDP), PEER, next(now))
        event = core.context.events.popleft()
        if not isinstance(event, CallReceived):
            raise TypeError(f"unexpected {event}")
        core.ring(event.call, 180, next(now))
        core.answer(event.call, SDP.encode(), next(now))
        tag = sent[-1].split(b"To: ")[1].split(b"\r\n")[0].split(b"tag=")[1].decode()
        core.receive(message("ACK", n, 1, "a", tag), PEER, next(now))
        core.receive(message("BYE", n, 2, "b", tag), PEER, next(now))
        core.expire(next(now))
        if not sent[-1].startswith(b"SIP/2.0 200") or core.context.calls:
            raise RuntimeError("the call did not end")
        core.context.events.clear()
        sent.clear()

    return partial(times, size, one)


def reply(request: bytes, n: int, body: str = "") -> bytes:
    """200 as a usual phone answers our request."""
    rows = dict(line.split(": ", 1) for line in request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:])
    tag = "" if ";tag=" in rows["To"] else f";tag=p{n}"
    kind = "Content-Type: application/sdp\r\n" if body else ""
    return (
        f"SIP/2.0 200 OK\r\nVia: {rows['Via']}={PEER.port};received={PEER.host}\r\nFrom: {rows['From']}\r\n"
        f"To: {rows['To']}{tag}\r\nCall-ID: {rows['Call-ID']}\r\nCSeq: {rows['CSeq']}\r\n"
        f"Contact: <sip:1001@{AT}>\r\n{kind}Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def phone_calls(core: Core, sent: list[bytes], numbers: Iterator[int], size: int = BATCH) -> Callable[[], None]:
    """A function that makes `size` calls to a phone and ends them: INVITE, 200, ACK, BYE, 200."""
    now = itertools.count(1_000_000, 1_000)

    def one() -> None:
        n = next(numbers)
        headers = {"X-Jackfield-Interaction": f"i{n}"}
        core.dial(f"phone:{n}", PHONE, outgoing(str(n), f"Caller {n}", SDP.encode(), headers), next(now))
        core.receive(reply(sent[-1], n, SDP), PEER, next(now))
        core.hangup(f"phone:{n}", "over", next(now))
        core.receive(reply(sent[-1], n), PEER, next(now))
        core.expire(next(now))
        if len(sent) != 3 or core.context.calls:
            raise RuntimeError("the call did not end")
        core.context.events.clear()
        sent.clear()

    return partial(times, size, one)


def descriptions() -> Callable[[], None]:
    """What both sides of a call offer and answer: the caller's is read and answered, the phone's written."""
    numbers = itertools.count(1)
    port = SdpPort(lambda: next(numbers))

    def one() -> None:
        n = next(numbers)
        caller, phone = f"caller:{n}", f"phone:{n}"
        port.read_offer(caller, SDP.replace("o=- 1", f"o=- {n}").replace("4000", str(4000 + n % 60_000)).encode())
        port.answer(caller, HOST, 20_000 + n % 40_000)
        port.offer(phone, HOST, 20_002 + n % 40_000)
        port.read_answer(phone, SDP.replace("o=- 1", f"o=- {n}").replace("4000", str(4001 + n % 60_000)).encode())
        port.forget(caller)
        port.forget(phone)

    return partial(times, BATCH, one)


class ColdCore(Core):
    """Empties the caches before each message and command, and adds up in `spent_ns` the CPU time of these."""

    def __init__(self, settings: Settings, send: SendBytes) -> None:
        super().__init__(settings, send)
        self.spent_ns = 0
        self._large = np.zeros(LARGE // 8)

    def _cold(self, work: Callable[..., None], *arguments: object) -> None:
        self._large[::4] += 1
        start = time.thread_time_ns()
        work(*arguments)
        self.spent_ns += time.thread_time_ns() - start

    def receive(self, data: bytes, source: Flow, now: int) -> None:
        self._cold(super().receive, data, source, now)

    def ring(self, call: str, code: int, now: int) -> None:
        self._cold(super().ring, call, code, now)

    def answer(self, call: str, sdp: bytes, now: int) -> None:
        self._cold(super().answer, call, sdp, now)

    def dial(self, call: str, target: str, what: Outgoing, now: int) -> None:
        self._cold(super().dial, call, target, what, now)

    def hangup(self, call: str, reason: str | None, now: int) -> None:
        self._cold(super().hangup, call, reason, now)


def measure_cold(settings: Settings, count: int) -> None:
    """The two calls of a customer who is connected, each so often."""
    sent: list[bytes] = []
    core = ColdCore(settings, lambda _flow, data, _fallback: sent.append(data))
    numbers = itertools.count()
    works = (calls(core, sent, numbers, 1), phone_calls(core, sent, numbers, 1))
    samples = []
    for _ in range(count):
        core.spent_ns = 0
        for work in works:
            work()
        samples.append(core.spent_ns / 1000)
    samples = samples[count // 10 :]  # the first ones warm up
    print(
        line(
            "sip.cold_calls",
            "us per call",
            samples,
            f"a caller's and a phone's call, {LARGE >> 20} MiB read in between",
        )
    )


def floor() -> Callable[[], None]:
    """The same three messages, only decoded and split into lines."""
    data = [message("INVITE", 1, 1, "i", "", SDP), message("ACK", 1, 1, "a", "t"), message("BYE", 1, 2, "b", "t")]

    def batch() -> None:
        for _ in range(BATCH):
            for raw in data:
                raw.decode().split("\r\n")

    return batch


def measure(name: str, work: Callable[[], None], batches: int, conditions: str) -> None:
    """Time batches by process CPU and print the percentiles of a call."""
    for _ in range(5):
        work()
    gc.collect()
    gc.freeze()
    samples = []
    for _ in range(batches):
        start = time.process_time_ns()
        work()
        samples.append((time.process_time_ns() - start) / 1000 / BATCH)
    samples.sort()
    row = {
        "name": name,
        "unit": "us CPU per call",
        "p50": round(samples[len(samples) // 2], 1),
        "p99": round(samples[min(len(samples) - 1, len(samples) * 99 // 100)], 1),
        "n": batches * BATCH,
        "conditions": conditions,
    }
    print(json.dumps(row))


def main() -> None:
    """Run the measurements."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    sent: list[bytes] = []
    settings = Settings(
        now=monotonic_us, ids=random_ids(), max_transactions=10_000_000, max_new_calls_per_second=10_000_000
    )
    core = Core(settings, lambda _flow, data, _fallback: sent.append(data))
    batches = max(1, count // BATCH)
    measure(
        "sip.uas_call", calls(core, sent, itertools.count()), batches,
        f"INVITE 100 180 200 ACK BYE 200, no sockets, messages built in the loop, batches of {BATCH}",
    )  # fmt: skip
    measure(
        "sip.phone_call", phone_calls(core, sent, itertools.count()), batches,
        f"INVITE 200 ACK BYE 200 of a call that we make, answers built in the loop, batches of {BATCH}",
    )  # fmt: skip
    measure("sip.descriptions", descriptions(), batches, "the two offers and two answers of a call with its phone")
    measure_cold(settings, max(20, count // 50))
    measure("sip.uas_floor", floor(), batches, "decode and split the three requests")


if __name__ == "__main__":
    main()
