"""Who is shut out for a time: hosts that guess passwords, try numbers that do not exist, or send what is no SIP. Pure.

Each host may do so much wrong in a period (generic cell rate algorithm, ITU-T I.371); one more, and nothing of it is
read or answered until the ban is over. Each further ban lasts twice as long. The source of a datagram can be forged, so
a host that has lately proved a password, or answered a request of ours, is not banned: nobody can shut out a phone that
is registered, or the trunk.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
# A ban and what led to it are forgotten after so long without another, so that addresses can change hands.
_FORGET_US = 24 * 3_600_000_000
_LONGEST_DOUBLINGS = 6
# A phone proves itself with each answer; it is noted no more often than this.
_PROVED_AGAIN_US = 1_000_000


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """`offences` in `period_us` are borne, 0 means that nobody is ever banned; the first ban lasts `ban_us`.

    `spared` networks are never banned. At most `max_hosts` are remembered, the one that was longest quiet goes first.
    """

    offences: int = 20
    period_us: int = 60_000_000
    ban_us: int = 60_000_000
    spared: Sequence[Network] = LOOPBACK
    max_hosts: int = 10_000


@dataclass(frozen=True, slots=True)
class Ban:
    """A host that is shut out; times in microseconds. `times`: how often it was banned by now."""

    host: str
    since: int
    until: int
    times: int


@dataclass(slots=True)
class _Record:
    whole_at: int = 0
    since: int = 0
    until: int = 0
    times: int = 0
    proved_until: int = 0


class Guard:
    """`refuses` before anything of a message is read; `offence` when it was wrong, `proved` when a password was right.

    `on_ban` is told of each new ban.
    """

    def __init__(self, settings: GuardSettings) -> None:
        self._settings = settings
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self._spared = lru_cache(maxsize=1024)(self._is_spared)
        self.on_ban: Callable[[Ban], None] = lambda _ban: None

    def __len__(self) -> int:
        return len(self._records)

    def refuses(self, host: str, now: int) -> bool:
        """Whether nothing of this host is to be read now."""
        record = self._records.get(host)
        return record is not None and record.until > now

    def offence(self, host: str, now: int) -> None:
        """The host did something that no phone and no caller of ours does."""
        settings = self._settings
        if not settings.offences or self._spared(host):
            return
        record = self._record(host)
        if record.proved_until > now:
            return
        interval = settings.period_us // settings.offences
        record.whole_at = max(now, record.whole_at) + interval
        if record.whole_at - now > settings.period_us:
            self._ban(host, record, now)

    def proved(self, host: str, until: int) -> None:
        """The host knows a password, or is one that we called; it is spared until then, or nearly so long."""
        record = self._records.get(host)
        if record is not None and record.proved_until > until - _PROVED_AGAIN_US:
            return
        record = self._record(host)
        record.proved_until = max(record.proved_until, until)
        record.whole_at = record.times = 0

    def lift(self, host: str) -> bool:
        """Ends a ban by hand; False when there is none."""
        record = self._records.pop(host, None)
        return record is not None and record.times > 0

    def bans(self, now: int) -> list[Ban]:
        """Those in force, the latest first."""
        found = [Ban(host, one.since, one.until, one.times) for host, one in self._records.items() if one.until > now]
        return sorted(found, key=lambda ban: -ban.since)

    def _ban(self, host: str, record: _Record, now: int) -> None:
        if record.until + _FORGET_US < now:
            record.times = 0
        length = self._settings.ban_us << min(record.times, _LONGEST_DOUBLINGS)
        record.times += 1
        record.whole_at, record.since, record.until = now, now, now + length
        self.on_ban(Ban(host, now, record.until, record.times))

    def _record(self, host: str) -> _Record:
        record = self._records.get(host)
        if record is None:
            record = self._records[host] = _Record()
            if len(self._records) > self._settings.max_hosts:
                self._records.popitem(last=False)
        else:
            self._records.move_to_end(host)
        return record

    def _is_spared(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._settings.spared)
