"""What a run consists of: its site, accounts, files and addresses, as each of its processes is told."""

from pathlib import Path

import msgspec

from tests.e2e.site import make_site

QUEUES = ("mail_a", "mail_b")
# For letters to one agent; nobody declines those.
PERSONAL = "mail_personal"
CAPACITY = 3
# A wrap-up never runs out by itself here, so that one that is gone was ended by its agent.
QUEUE = """
[{name}]
title = "{name}"
medium = "email"
strategy = "longest_idle"
offer_timeout_s = 4
wrap_up_s = 600
priority = 5
service_level = {{ threshold_s = 30, fraction = 0.8 }}
dispositions = ["resolved", "refund"]
"""
AGENT = """
[agents.{name}]
display_name = "{name}"
team = "first_line"
role = "agent"
skills = {{ english = 5 }}
capacity = {{ email = {units}, total = {units} }}
station = "webrtc"
"""


class Layout(msgspec.Struct, frozen=True):
    """Written to `folder/layout.json`, which is the one argument of each client process."""

    folder: str
    bases: dict[str, str]
    crews: tuple[tuple[str, ...], ...]
    key: str
    seed: int
    items: int
    per_s: float
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


def write_site(folder: Path, crews: tuple[tuple[str, ...], ...]) -> Path:
    """The demo with two queues of letters, and agents who take nothing else."""
    site = make_site(folder)
    with (site / "queues.toml").open("a") as file:
        file.writelines(QUEUE.format(name=name) for name in (*QUEUES, PERSONAL))
    with (site / "agents.toml").open("a") as file:
        file.writelines(AGENT.format(name=name, units=CAPACITY) for crew in crews for name in crew)
    return site
