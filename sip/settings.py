"""Settings of the SIP user agent, with their defaults and units."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sip.clock import monotonic_us, random_ids
from sip.guard import GuardSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the user agent binds, presents and limits itself.

    `advertise` is the host written into Via and Contact (default: the bind host). `tls_port` None: no TLS; the
    certificate comes with `sip.transport.Tls`. `now` gives integer microseconds,
    `digest_algorithms` in the order of preference: many phones give up at a first challenge other than MD5, so SHA-256
    is for sites whose phones all know it. `nonce_secret` empty means a fresh one at each start.
    `ids` gives fresh hex words (the defaults are in sip/clock.py); call ids, tags and branches are made from them.
    """

    now: Callable[[], int] = monotonic_us
    ids: Callable[[], str] = field(default_factory=random_ids)
    host: str = "127.0.0.1"
    port: int = 5060
    advertise: str | None = None
    realm: str = "jackfield"
    user_agent: str = "Jackfield"
    udp: bool = True
    tcp: bool = True
    tls_port: int | None = None
    max_transactions: int = 20_000
    max_calls: int = 5_000
    max_new_calls_per_second: int = 500
    answer_limit_us: int = 180_000_000
    ring_limit_us: int = 180_000_000
    close_limit_us: int = 2_000_000
    max_connections: int = 2_000
    idle_connection_us: int = 900_000_000
    partial_message_us: int = 10_000_000
    min_expires_s: int = 60
    default_expires_s: int = 3_600
    max_expires_s: int = 86_400
    max_contacts: int = 8
    digest_algorithms: tuple[str, ...] = ("MD5",)
    nonce_secret: bytes = b""
    nonce_lifetime_us: int = 300_000_000
    guard: GuardSettings = field(default_factory=GuardSettings)
