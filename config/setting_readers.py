"""What the text of a setting may be: each reader returns the value, or raises ValueError that says what is expected."""

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path

SHARD_NAME = r"[a-z0-9][a-z0-9-]{0,30}"
SHARD_HINT = "lower-case letters, digits and hyphens"
# The shard of a site that has one.
MAIN_SHARD = "s0"
LONGEST_NODE = 54
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def whole(low: int, high: int, unit: int = 1) -> Callable[[str], int]:
    """A number within these bounds, as so many of a smaller unit."""

    def read(text: str) -> int:
        if not re.fullmatch(r"\d{1,12}", text) or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high} is expected")
        return int(text) * unit

    return read


def one_of(*words: str) -> Callable[[str], str]:
    """One of these words, in any case."""

    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"one of {', '.join(words)} is expected")
        return text.lower()

    return read


def address(text: str) -> str:
    """An IP address; `localhost` is 127.0.0.1."""
    if text == "localhost":
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError("an IP address is expected, for example 127.0.0.1 or 0.0.0.0") from None


def optional_address(text: str) -> str:
    """As `address`, or nothing."""
    return address(text) if text else ""


def networks(text: str) -> tuple[Network, ...]:
    """IP addresses and networks, by commas."""
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError("addresses or networks are expected, for example 10.0.0.5,192.168.7.0/24") from None


def ports(text: str) -> tuple[int, int]:
    """The first and the last of a range that holds at least one leg."""
    match = re.fullmatch(r"(\d{1,5})-(\d{1,5})", text)
    if match is not None:
        first, last = int(match[1]), int(match[2])
        # A leg takes an even port for RTP and the odd one above it for RTCP (RFC 3550, section 11).
        if first >= 1024 and first + 1 <= last <= 65535 and first % 2 == 0:
            return first, last
    raise ValueError("a range from an even port is expected, within 1024-65535, for example 16384-18383")


def url(*schemes: str) -> Callable[[str], str]:
    """A URL of one of these schemes, or nothing."""

    def read(text: str) -> str:
        if text and not text.startswith(schemes):
            raise ValueError(f"a URL that begins with {' or '.join(schemes)} is expected")
        return text

    return read


def page_url(text: str) -> str:
    """Scheme, host and port, without a slash at the end; or nothing."""
    if text and not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+/?", text):
        raise ValueError("a URL of scheme, host and port is expected, for example https://node1.example.com")
    return text.rstrip("/")


def node_name(text: str) -> str:
    """The name of a node, or nothing. With the number of its incarnation the records have 64 characters for it."""
    if text and not re.fullmatch(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NODE - 1}}}", text):
        raise ValueError(f"a name of up to {LONGEST_NODE} letters, digits, dots, dashes and underscores is expected")
    return text


def shard_name(text: str) -> str:
    """The name of a shard."""
    if not re.fullmatch(SHARD_NAME, text):
        raise ValueError(f"a name of up to 31 {SHARD_HINT} is expected")
    return text


def optional_file(text: str) -> Path | None:
    """A file that exists, or none."""
    if text and not Path(text).is_file():
        raise ValueError("the path of a PEM file that exists is expected")
    return Path(text) if text else None


def path(text: str) -> Path:
    """A path that need not exist."""
    if not text:
        raise ValueError("a path is expected")
    return Path(text)
