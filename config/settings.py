"""The settings of one process: one table gives flags, environment variables, --help and docs/settings.md."""

import argparse
import ipaddress
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config import setting_readers as read

PREFIX = "JACKFIELD_"


class SettingsError(Exception):
    """One or more values are bad; the message names flag, variable, value and what is expected, a line for each."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What one process needs to know about its machine; the site's own rules are in `Site`.

    `redis_url` "" means the embedded server, `sip_tls_port` 0 no SIP over TLS. `rtp_ports` are the first and the last,
    both included. Durations are microseconds.
    """

    bind: str
    advertise: str
    http_port: int
    public_url: str
    peer_port: int
    tls_cert: Path | None
    tls_key: Path | None
    trusted_proxies: tuple[read.Network, ...]
    proxy_header: str
    sip_port: int
    sip_tls_port: int
    sip_offences: int
    sip_ban_us: int
    sip_spared: tuple[read.Network, ...]
    rtp_ports: tuple[int, int]
    data_dir: Path
    redis_url: str
    fsync: str
    replicas: int
    database_url: str
    site: Path
    log_level: str
    log_format: str
    media_workers: int
    node: str
    shard: str
    lease_us: int
    drain_s: int
    drain_calls: str
    session_us: int
    journal_days: int
    idle: str

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server: demo accounts are served only then."""
        return ipaddress.ip_address(self.bind).is_loopback

    @property
    def base_url(self) -> str:
        """The address of pages and API, without a slash at its end."""
        if self.public_url:
            return self.public_url
        host = f"[{self.advertise}]" if ":" in self.advertise else self.advertise
        return f"{'http' if self.tls_cert is None else 'https'}://{host}:{self.http_port}"


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of the table. `read` turns the text into the value or raises ValueError saying what is expected."""

    name: str
    default: str
    metavar: str
    help: str
    read: Callable[[str], object]

    @property
    def flag(self) -> str:
        """The command line's spelling."""
        return "--" + self.name.lower().replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment's spelling."""
        return PREFIX + self.name


SETTINGS: tuple[Setting, ...] = (
    Setting("BIND", "127.0.0.1", "ADDRESS", "address to listen on, for HTTP, SIP and media", read.address),
    Setting(
        "ADVERTISE",
        "",
        "ADDRESS",
        "media and SIP address given to others; by default the address bound to; needed when that is 0.0.0.0 or ::",
        read.optional_address,
    ),
    Setting("HTTP_PORT", "8080", "PORT", "TCP port of the agent page, the API and the WebSocket", read.whole(1, 65535)),
    Setting(
        "PUBLIC_URL",
        "",
        "URL",
        "where browsers reach this node, for pages of other nodes whose own is gone; by default by ADVERTISE and "
        "HTTP_PORT; behind a balancer give each node an address of its own, or all of them the balancer's",
        read.page_url,
    ),
    Setting(
        "PEER_PORT",
        "0",
        "PORT",
        "TCP port at which the other nodes of REDIS_URL speak to this one and notice when it ends; 0 is any free one",
        read.whole(0, 65535),
    ),
    Setting(
        "TLS_CERT",
        "",
        "FILE",
        "certificate chain (PEM) for HTTPS and WSS on the HTTP port; read again at SIGHUP",
        read.optional_file,
    ),
    Setting("TLS_KEY", "", "FILE", "private key (PEM, without a password) of the certificate", read.optional_file),
    Setting(
        "TRUSTED_PROXIES",
        "",
        "NETWORKS",
        "whose word on the client's address is taken: networks of proxies in front, by commas; by default nobody's",
        read.networks,
    ),
    Setting(
        "PROXY_HEADER",
        "x-forwarded-for",
        "NAME",
        "the header that these proxies write: x-forwarded-for or forwarded (RFC 7239)",
        read.one_of("x-forwarded-for", "forwarded"),
    ),
    Setting("SIP_PORT", "5060", "PORT", "UDP and TCP port of SIP", read.whole(1, 65535)),
    Setting(
        "SIP_TLS_PORT",
        "0",
        "PORT",
        "TCP port of SIP over TLS with the same certificate, usually 5061; 0 is off",
        read.whole(0, 65535),
    ),
    Setting(
        "SIP_OFFENCES",
        "20",
        "COUNT",
        "wrong passwords, unknown numbers and broken messages that a SIP host may send in a minute before it is shut "
        "out for a time; 0 shuts nobody out",
        read.whole(0, 100_000),
    ),
    Setting(
        "SIP_BAN_S",
        "60",
        "SECONDS",
        "how long a SIP host is shut out at first; each further time twice as long",
        read.whole(1, 86_400, unit=1_000_000),
    ),
    Setting(
        "SIP_SPARED",
        "127.0.0.0/8,::1/128",
        "NETWORKS",
        "SIP hosts that are never shut out, by commas; name a carrier's networks here when its calls come from others "
        "than the address of the trunk",
        read.networks,
    ),
    Setting("RTP_PORTS", "16384-18383", "FIRST-LAST", "UDP ports for media; a leg takes two", read.ports),
    Setting("DATA_DIR", "data", "FOLDER", "what the server keeps: embedded store, SQLite database, journal", read.path),
    Setting(
        "REDIS_URL",
        "",
        "URL",
        "a Redis (7.0 or later) or Valkey (7.2 or later) server, or its sentinels or a cluster, see docs/store.md; by "
        "default an embedded one is started",
        read.url("redis://", "unix://", "redis+sentinel://", "redis+cluster://"),
    ),
    Setting(
        "FSYNC",
        "everysec",
        "WHEN",
        "when the embedded store writes to disk: everysec may lose a second in a power cut, always costs time",
        read.one_of("everysec", "always"),
    ),
    Setting(
        "REPLICAS",
        "0",
        "COUNT",
        "how many replicas of an outside server must have a commit before anything is said",
        read.whole(0, 8),
    ),
    Setting(
        "DATABASE_URL",
        "",
        "URL",
        "the records' database; by default SQLite in DATA_DIR; PostgreSQL needs its driver, see docs/records.md",
        read.url("sqlite+aiosqlite://", "postgresql+asyncpg://"),
    ),
    Setting("SITE", "config/demo", "FOLDER", "the site's files: flows, queues, agents, prompts", read.path),
    Setting(
        "LOG_LEVEL", "info", "LEVEL", "debug, info, warning or error", read.one_of("debug", "info", "warning", "error")
    ),
    Setting("LOG_FORMAT", "text", "FORMAT", "text for people or json for machines", read.one_of("text", "json")),
    Setting("MEDIA_WORKERS", "1", "COUNT", "media processes", read.whole(1, 64)),
    Setting(
        "NODE",
        "",
        "NAME",
        "this node's name, unique in the cluster; by default host name and HTTP port",
        read.node_name,
    ),
    Setting(
        "SHARD",
        read.MAIN_SHARD,
        "NAME",
        "the shard whose queues and agents this node serves; the others have sites and databases of their own",
        read.shard_name,
    ),
    Setting(
        "LEASE_MS",
        "2000",
        "MILLISECONDS",
        "how long a node owns its shard without renewing",
        read.whole(200, 60_000, unit=1000),
    ),
    Setting(
        "DRAIN_S",
        "600",
        "SECONDS",
        "how long calls and chats may go on when this node is drained (`python -m server drain`)",
        read.whole(0, 86_400),
    ),
    Setting(
        "DRAIN_CALLS",
        "busy",
        "HOW",
        "what phones are told that call a node which is drained: busy (503) or redirect (302 to another node); web "
        "pages go to another node in any case",
        read.one_of("busy", "redirect"),
    ),
    Setting(
        "SESSION_HOURS",
        "12",
        "HOURS",
        "how long an agent stays signed in without the password",
        read.whole(1, 168, unit=3_600_000_000),
    ),
    Setting(
        "JOURNAL_DAYS",
        "30",
        "DAYS",
        "how long journal files stay in DATA_DIR, for replay and explanations; 0 is for ever",
        read.whole(0, 3650),
    ),
    Setting(
        "IDLE",
        "sleep",
        "HOW",
        "what the server does while there is nothing to do: sleep, or spin, which keeps a processor busy for good and "
        "spares each event the time to wake up",
        read.one_of("sleep", "spin"),
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds a flag for each setting. Flags win over environment variables, and those over the defaults."""
    group = parser.add_argument_group("settings (each also an environment variable, in brackets)")
    for setting in SETTINGS:
        default = f", default {setting.default}" if setting.default else ""
        text = f"{setting.help} [{setting.variable}{default}]"
        group.add_argument(setting.flag, metavar=setting.metavar, help=text, dest=setting.name, default=None)


def read_settings(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    """Settings from parsed flags and the environment. Raises SettingsError with every bad value at once.

    An environment variable that begins with JACKFIELD_ and is no setting is refused too: it is a typing mistake.
    """
    values: dict[str, Any] = {}
    wrong = [
        f"{name}: there is no such setting; see --help"
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in {setting.variable for setting in SETTINGS}
    ]
    for setting in SETTINGS:
        flag_value = getattr(arguments, setting.name, None)
        text = flag_value if flag_value is not None else environ.get(setting.variable, setting.default)
        try:
            values[setting.name.lower()] = setting.read(text)
        except ValueError as error:
            wrong.append(f'{setting.flag} (or {setting.variable}) is "{text}": {error}')
    if not wrong:
        wrong = _derive(values)
    if wrong:
        raise SettingsError("\n".join(wrong))
    values["lease_us"] = values.pop("lease_ms")
    values["sip_ban_us"] = values.pop("sip_ban_s")
    values["session_us"] = values.pop("session_hours")
    return Settings(**values)


def _derive(values: dict[str, Any]) -> list[str]:
    """Fills in the defaults that follow from other settings; returns what is wrong between them."""
    bind = str(values["bind"])
    if not values["advertise"]:
        if ipaddress.ip_address(bind).is_unspecified:
            return [f"--advertise (or {PREFIX}ADVERTISE) is needed when --bind is {bind}: others cannot send to that"]
        values["advertise"] = bind
    if (values["tls_cert"] is None) != (values["tls_key"] is None):
        return [f"--tls-cert and --tls-key (or {PREFIX}TLS_CERT and {PREFIX}TLS_KEY) are given together or not at all"]
    if values["sip_tls_port"] and values["tls_cert"] is None:
        return [f"--sip-tls-port (or {PREFIX}SIP_TLS_PORT) needs --tls-cert and --tls-key"]
    if values["replicas"] and not values["redis_url"]:
        return [f"--replicas (or {PREFIX}REPLICAS) is for a server of --redis-url: the embedded one has no replicas"]
    if (clash := _clash(values)) is not None:
        return [clash]
    if not values["node"]:
        port = f"-{values['http_port']}"
        values["node"] = socket.gethostname()[: read.LONGEST_NODE - len(port)] + port
    if not values["database_url"]:
        values["database_url"] = f"sqlite+aiosqlite:///{Path(str(values['data_dir'])) / 'jackfield.db'}"
    return []


def _clash(values: Mapping[str, Any]) -> str | None:
    """Two settings that ask for the same port."""
    taken: dict[int, str] = {}
    for name in ("http_port", "peer_port", "sip_port", "sip_tls_port"):
        flag, port = "--" + name.replace("_", "-"), values[name]
        if port and port in taken:
            return f"{flag} and {taken[port]} are both {port}: each needs a port of its own"
        taken[port] = flag
    return None


def parse(argv: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Settings from a bare command line; for processes that have no other arguments."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return read_settings(parser.parse_args(argv), environ)


def page() -> str:
    """The page docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "Every setting is a flag and an environment variable; a flag wins. A bad value stops the start with a line",
        "that names both, and so does a variable that begins with `JACKFIELD_` and is no setting. The rules of the",
        "site itself are files, see `config/demo`. This page is written by `python -m config.settings`.",
        "",
        "| flag | variable | default | meaning |",
        "|---|---|---|---|",
    ]
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else ""
        flag = f"`{setting.flag} {setting.metavar}`"
        lines.append(f"| {flag} | `{setting.variable}` | {default} | {setting.help} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
