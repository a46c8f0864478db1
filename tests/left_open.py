"""Connections that a test leaves open: found when its loop ends, named, and the test fails.

Without this they are found when the collector comes by, in another test or after the last one. What its owner has
closed may take a moment to end: what was not sent goes first, and TLS says goodbye to the other side, for which nobody
waits (aiohttp's session does not, for a WebSocket).
"""

import asyncio
from collections.abc import Iterator

GOODBYE_S = 10.0
LOOK_S = 0.002


def watched(runner: asyncio.Runner) -> Iterator[asyncio.Runner]:
    """The body of a fixture around the loop's runner: fails with the connections that nobody has closed."""
    yield runner
    loop = runner.get_loop()
    if loop.is_closed() or not still_open(loop):
        return
    runner.run(goodbyes())
    if left := still_open(loop):
        told = "\n".join(map(named, left))
        for transport in left:
            transport.abort()
        raise AssertionError(f"left open:\n{told}")


def still_open(loop: asyncio.AbstractEventLoop) -> list[asyncio.WriteTransport]:
    """This loop's transports whose sockets are open; none that uvloop made, which keeps no list."""
    known = list(getattr(loop, "_transports", {}).values())
    return [transport for transport in known if getattr(transport, "_sock", None) is not None]


def is_ending(transport: asyncio.WriteTransport) -> bool:
    """Whether its owner has closed it."""
    above = getattr(transport.get_protocol(), "_app_transport", None)  # what a connection's owner has of it, with TLS
    return transport.is_closing() or (above is not None and above.is_closing())


async def goodbyes() -> None:
    """Ends the tasks, as the runner is about to; returns once nothing is on its way out, or after GOODBYE_S."""
    loop = asyncio.get_running_loop()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    deadline = loop.time() + GOODBYE_S
    while any(map(is_ending, still_open(loop))) and loop.time() < deadline:
        await asyncio.sleep(LOOK_S)


def named(transport: asyncio.WriteTransport) -> str:
    """From where to where, and who reads from it."""
    ends = " to ".join(str(transport.get_extra_info(end)) for end in ("sockname", "peername"))
    protocol = transport.get_protocol()
    return f"{ends}: {getattr(protocol, '_app_protocol', protocol)!r}{', closed' if is_ending(transport) else ''}"
