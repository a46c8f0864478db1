"""calls.toml: what holds for calls beside their queues: trunks, and what agents see. A site need not have it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from config.files import read_file
from ivr.reading import FlowProblem, Table

FILE = "calls.toml"
_PATTERN = re.compile(r"\+?[0-9X]+\*?|\*")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")
MOST_DIGITS = 20


@dataclass(frozen=True, slots=True)
class TrunkConfig:
    """A SIP trunk. `server` is host[:port]; `dial` are the patterns of the numbers that may be called by it.

    A pattern is digits, `X` for any one digit and `*` at its end for any more of them. `password_env` names a variable
    of the environment; without `user` the far side knows us by our address. `caller` is the number that we show.
    """

    name: str
    server: str
    transport: str = "udp"
    domain: str = ""
    user: str = ""
    password_env: str = ""
    register: bool = False
    expires_s: int = 300
    session_s: int = 1800
    caller: str = ""
    dial: tuple[str, ...] = ()

    def allows(self, number: str) -> bool:
        """Whether one of the patterns fits; no pattern fits nothing."""
        return any(_fits(pattern, number) for pattern in self.dial)


@dataclass(frozen=True, slots=True)
class CallsConfig:
    """`show_listeners`: agents see a supervisor who listens to them without being heard."""

    show_listeners: bool = True
    trunks: Mapping[str, TrunkConfig] = field(default_factory=dict)

    def trunk_for(self, number: str) -> TrunkConfig | None:
        """The first trunk that may call this number."""
        return next((trunk for trunk in self.trunks.values() if trunk.allows(number)), None)


def read_calls(root: Path, environ: Mapping[str, str], problems: list[FlowProblem]) -> CallsConfig:
    """The file in the folder `root`; mistakes are added to `problems`."""
    file = read_file(root / FILE, problems)
    trunks = {name: _trunk(name, row, environ) for name, row in file.tables("trunks")}
    config = CallsConfig(file.flag("show_listeners", default=True), MappingProxyType(trunks))
    file.finish()
    return config


def _trunk(name: str, row: Table, environ: Mapping[str, str]) -> TrunkConfig:
    trunk = TrunkConfig(
        name=name,
        server=row.text("server"),
        transport=row.choice("transport", ("udp", "tcp", "tls"), "udp"),
        domain=row.text("domain", ""),
        user=row.text("user", ""),
        password_env=row.text("password_env", ""),
        register=row.flag("register", default=False),
        expires_s=row.integer("expires_s", 300, low=60, high=86_400),
        session_s=row.integer("session_s", 1800, low=90, high=86_400),
        caller=row.text("caller", ""),
        dial=row.texts("dial", ()),
    )
    row.finish()
    _, _, port = trunk.server.partition(":")
    if trunk.server and not (_HOST.fullmatch(trunk.server) and 0 < int(port or 5060) < 65_536):
        row.problem("server", f'"{trunk.server}" is no host', 'for example "sip.example.org" or "192.0.2.1:5070"')
    if trunk.register and not trunk.user:
        row.problem("register", "needs a user to register as", 'user = "..."')
    if bool(trunk.user) is not bool(trunk.password_env):
        row.problem("password_env", "user and password_env come together", 'password_env = "TRUNK_PASSWORD"')
    if trunk.password_env and not environ.get(trunk.password_env):
        row.problem("password_env", f"names {trunk.password_env}, which is not set", f"export {trunk.password_env}=...")
    for index, pattern in enumerate(trunk.dial):
        if not _PATTERN.fullmatch(pattern):
            row.problem(f"dial[{index}]", f'"{pattern}" is no pattern', 'digits, X and a * at the end: "0755*"')
    return trunk


def _fits(pattern: str, number: str) -> bool:
    body, star = (pattern[:-1], True) if pattern.endswith("*") else (pattern, False)
    expression = re.escape(body).replace("X", "[0-9]") + (rf"[0-9]{{0,{MOST_DIGITS}}}" if star else "")
    return re.fullmatch(expression if body or not star else rf"\+?[0-9]{{1,{MOST_DIGITS}}}", number) is not None
