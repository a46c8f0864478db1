"""Agents' rows as the files write them."""

from pathlib import Path

from config.row_text import agent_row, queue_row
from config.rows import read_agent
from ivr.reading import Table
from router.policy import AgentQueue
from tests.server.sites import ORDERS, agent

ROW = {
    "team": "red",
    "skills": {"orders": 7},
    "capacity": {"voice": 1, "chat": 4, "total": 5},
    "units": {"voice": 3},
    "queues": {"sales": 2, "web": {"priority": 3, "delay_s": 30}},
    "fresh": {"limit": 3, "window_s": 90},
}


def test_a_row_that_is_written_again_reads_the_same() -> None:
    table = Table({**ROW, "display_name": "A"}, "", [])
    read = read_agent("a", table, ["red"], ["orders"], {"sales": "voice", "web": "chat"})
    assert table.problems == []
    assert read.queues == {"sales": AgentQueue(2), "web": AgentQueue(3, 30_000_000)}
    assert (read.fresh_limit, read.fresh_window_us, read.total_units) == (3, 90_000_000, 5)
    again = Table({**agent_row(read), "display_name": "A"}, "", [])
    assert read_agent("a", again, ["red"], ["orders"], {"sales": "voice", "web": "chat"}) == read


def test_every_rule_has_an_example_in_the_readme() -> None:
    text = (Path(__file__).parents[2] / "config" / "README.md").read_text(encoding="utf-8")
    rules = text.partition("\n## Rules\n")[2].partition("\n## Flows\n")[0]
    row = queue_row(ORDERS)
    missing = [key for key in row if key not in ("medium", "service_level") and f"{key} = " not in rules]
    assert [key for key in missing if f"[[orders.{key}]]" not in rules] == []
    assert [key for key in agent_row(agent("a")) if f"{key} = " not in rules and key not in ("team", "skills")] == []
