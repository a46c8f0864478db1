"""What a run consists of: its site, accounts, files and addresses, as each of its processes is told."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.e2e.site import make_site

LETTERS = ("mail_a", "mail_b")
# For letters to one agent; nobody declines those.
PERSONAL = "mail_personal"
CHAT_QUEUE, CHAT_ENTRY = "talk", "talk"
# By the number that is dialled: callers whose node dies are left at the record, or called back.
CALL_QUEUES = {"4300": "calls_end", "4301": "calls_back"}
CALLED_BACK = "calls_back"
NUMBERS = "0755"
CAPACITY = {"voice": 1, "chat": 2, "email": 3}
TOTAL = 3
# A wrap-up never runs out by itself here, so that one that is gone was ended by its agent.
QUEUE = """
[{name}]
title = "{name}"
medium = "{medium}"
strategy = "longest_idle"
offer_timeout_s = 4
wrap_up_s = 600
priority = 5
service_level = {{ threshold_s = 30, fraction = 0.8 }}
dispositions = ["resolved", "refund"]
"""
VOICE = 'callback_attempts = 9\ncallback_retry_s = 10\nwhen_node_lost = "{lost}"\nmusic = "music/hold"\n'
AGENT = """
[agents.{name}]
display_name = "{name}"
team = "first_line"
role = "agent"
skills = {{ english = 5 }}
capacity = {{ {capacity} }}
station = "sip"
sip_user = "{phone}"
"""
ENTRY = '\n[entries.{number}]\nflow = "{queue}"\nchannel = "phone_line"\n'
FLOW = """title = "Straight to {queue}"
language = "en"
start = "queue"

[nodes.queue]
kind = "queue"
queue = "{queue}"
"""
# Nobody loses a chat for being away: in a run everybody is, by turns.
CHATS = """
[entries.{entry}]
channel = "web_chat"
queue = "{queue}"

[patience]
abandon_after_s = 600
agent_away_s = 600

[limits]
open_chats_per_address = 100000
opens_per_minute = 600000
requests_per_minute = 600000
"""
TRUNK = """
[trunks.outside]
server = "{host}:{port}"
caller = "4300"
dial = ["{numbers}XXXXX"]
"""


class Mix(msgspec.Struct, frozen=True):
    """How many of each there are."""

    letters: int
    chats: int = 0
    calls: int = 0

    @property
    def items(self) -> int:
        """All of them."""
        return self.letters + self.chats + self.calls


class Layout(msgspec.Struct, frozen=True):
    """Written to `folder/layout.json`, which is the one argument of each client process.

    `bases` and `sips` are where each node's HTTP and SIP are; `phone_ports` those of the crews' telephones, and
    `trunk_port` that of the customers'. `host` is the address of all clients.
    """

    folder: str
    bases: dict[str, str]
    sips: dict[str, str]
    crews: tuple[tuple[str, ...], ...]
    key: str
    seed: int
    mix: Mix
    lasts_s: float
    host: str
    phone_ports: tuple[int, ...]
    trunk_port: int
    handle_s: float = 0.02

    @property
    def path(self) -> Path:
        """The run's folder."""
        return Path(self.folder)

    def save(self) -> Path:
        """Returns the file."""
        file = self.path / "layout.json"
        file.write_bytes(msgspec.json.encode(self))
        return file


def load(file: str) -> Layout:
    """What `save` wrote."""
    return msgspec.json.decode(Path(file).read_bytes(), type=Layout)


def phone_of(agent: str) -> str:
    """The SIP user of an agent's telephone."""
    crew, _, number = agent.removeprefix("crew").partition("-")
    return f"30{int(crew):02}{int(number):03}"


def number_of(call: int) -> str:
    """The telephone number of a customer who calls: each has one of their own."""
    return f"{NUMBERS}{call:05}"


def write_site(folder: Path, crews: Sequence[Sequence[str]], host: str, trunk_port: int) -> Path:
    """Queues of letters, chats and calls, a trunk to the customers, and agents with telephones who take all of it.

    The demo lends the rest, but for its accounts, which would cost each node's start a second.
    """
    site = make_site(folder)
    with (site / "queues.toml").open("a") as file:
        file.writelines(QUEUE.format(name=name, medium="email") for name in (*LETTERS, PERSONAL))
        file.write(QUEUE.format(name=CHAT_QUEUE, medium="chat"))
        for name in CALL_QUEUES.values():
            lost = "call_back" if name == CALLED_BACK else "end"
            file.write(QUEUE.format(name=name, medium="voice") + VOICE.format(lost=lost))
    capacity = ", ".join(f"{medium} = {units}" for medium, units in {**CAPACITY, "total": TOTAL}.items())
    agents = (site / "agents.toml").read_text().replace('[demo]\npassword = "demo-jackfield"\n', "", 1)
    own = [AGENT.format(name=name, capacity=capacity, phone=phone_of(name)) for crew in crews for name in crew]
    (site / "agents.toml").write_text(agents + "".join(own))
    with (site / "site.toml").open("a") as file:
        file.writelines(ENTRY.format(number=number, queue=queue) for number, queue in CALL_QUEUES.items())
    for queue in CALL_QUEUES.values():
        (site / "flows" / f"{queue}.toml").write_text(FLOW.format(queue=queue))
    (site / "chats.toml").write_text(CHATS.format(entry=CHAT_ENTRY, queue=CHAT_QUEUE))
    (site / "calls.toml").write_text(TRUNK.format(host=host, port=trunk_port, numbers=NUMBERS))
    return site
