"""The demo site with times short enough for tests, and entries that lead straight into a queue."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

DEMO = Path(__file__).parents[2] / "config" / "demo"

ENTRY = '\n[entries.{number}]\nflow = "{flow}"\nchannel = "phone_line"\n'
FLOW = """title = "Straight to {queue}"
language = "en"
start = "set"

[nodes.set]
kind = "set"
priority = {priority}
requirements = {requirements}
next = "queue"

[nodes.queue]
kind = "queue"
queue = "{queue}"
"""


@dataclass(frozen=True, slots=True)
class Direct:
    """A number that leads straight into a queue."""

    number: str
    queue: str
    priority: int = 1
    requirements: str = "{ english = 1 }"


ORDERS = Direct("4100", "orders")
URGENT = Direct("4101", "orders", priority=9)
AFTER_SALES = Direct("4102", "after_sales")
MANDARIN = Direct("4103", "orders", requirements="{ mandarin = 1 }")
DIRECT = (ORDERS, URGENT, AFTER_SALES, MANDARIN)


def make_site(
    folder: Path, *, offer_timeout_s: int = 20, wrap_up_s: int = 30, announce_place_every_s: int = 30
) -> Path:
    """Write the site below `folder` and return its path; durations in seconds."""
    site = folder / "site"
    shutil.copytree(DEMO, site)
    queues = site / "queues.toml"
    text = queues.read_text()
    for key, value in (
        ("offer_timeout_s", offer_timeout_s),
        ("wrap_up_s", wrap_up_s),
        ("announce_place_every_s", announce_place_every_s),
    ):
        text = re.sub(rf"^{key} = \d+$", f"{key} = {value}", text, flags=re.MULTILINE)
    queues.write_text(text)
    for direct in DIRECT:
        (site / "flows" / f"direct-{direct.number}.toml").write_text(
            FLOW.format(queue=direct.queue, priority=direct.priority, requirements=direct.requirements)
        )
    with (site / "site.toml").open("a") as file:
        file.writelines(ENTRY.format(number=each.number, flow=f"direct-{each.number}") for each in DIRECT)
    return site
