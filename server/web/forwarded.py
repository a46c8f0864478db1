"""Who a request comes from, behind a proxy: for limits and the log.

Each proxy adds the address that it was asked from on the right of what it was given, so the list is read from there,
and only as far as trusted proxies wrote it: what stands further left, anybody can have made up.
"""

import re
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

X_FORWARDED_FOR, FORWARDED = "x-forwarded-for", "forwarded"
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s"]+)', re.IGNORECASE)
_IPV4_AND_PORT = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?")
_IPV6_AND_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?")


class ClientAddress:
    """Call it with a request. `header` is the one that the proxies write; without trusted networks none is read."""

    def __init__(self, trusted: Sequence[Network] = (), header: str = X_FORWARDED_FOR) -> None:
        self._trusted = tuple(trusted)
        self._header = header

    def __call__(self, request: web.Request) -> str:
        """The nearest address that is no trusted proxy's; "" when even the connection has none."""
        nearest = request.remote or ""
        if not self._trusted:
            return nearest
        at = _read(nearest)
        for text in reversed(list(self._told(request))):
            if at is None or not any(at in network for network in self._trusted):
                break
            before = _read(text)
            if before is None:
                break  # a name that hides the address (RFC 7239 s.6.3): the proxy itself is all that is known
            at, nearest = before, str(before)
        return nearest

    def _told(self, request: web.Request) -> Iterator[str]:
        whole = ",".join(request.headers.getall(self._header, ()))
        if self._header == X_FORWARDED_FOR:
            yield from whole.split(",")
            return
        # RFC 7239 s.4: elements by commas, pairs by semicolons, values perhaps quoted.
        hidden = _QUOTED.sub(lambda found: found[0].replace(",", "\0"), whole)
        for element in hidden.split(","):
            found = _FOR.search(element)
            yield found[1].strip('"') if found is not None else ""


def _read(text: str) -> Address | None:
    """An address with or without a port; None for anything else."""
    text = text.strip()
    found = _IPV4_AND_PORT.fullmatch(text) or _IPV6_AND_PORT.fullmatch(text)
    try:
        address = ip_address(found[1] if found is not None else text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped if mapped is not None else address
