"""The site of a load run: the scenario's queues and agents in files, as somebody would write them for a server."""

import json
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import config
from loadtests.plan import Plan
from router.vocabulary import Medium

DEMO = Path(config.__file__).parent / "demo"
PASSWORD = "demo-jackfield"
SUPERVISOR = "load-supervisor"
FIRST_NUMBER = 7000
FIRST_PHONE = 30_000
COPIED = ("calendars.toml", "channels.toml", "reasons.toml", "prompts")
FLOW = """title = "Straight to {queue}"
language = "en"
start = "queue"

[nodes.queue]
kind = "queue"
queue = "{queue}"
"""


def number_of(plan: Plan, queue: str) -> str:
    """What callers dial for a queue."""
    return str(FIRST_NUMBER + sorted(plan.scenario.policy.queues).index(queue))


def phone_of(plan: Plan, agent_id: str) -> str:
    """The SIP user of an agent's phone."""
    return str(FIRST_PHONE + sorted(plan.scenario.policy.agents).index(agent_id))


def write_site(plan: Plan, folder: Path) -> Path:
    """Writes the site below `folder` and returns its path. The demo lends prompts, calendars and channels."""
    site = folder / "site"
    site.mkdir()
    for name in COPIED:
        source = DEMO / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, site / name)
    policy = plan.scenario.policy
    given = tomllib.loads(plan.path.read_text(encoding="utf-8"))
    voice = [name for name, queue in policy.queues.items() if queue.medium is Medium.VOICE]
    chats = [name for name, queue in policy.queues.items() if queue.medium is Medium.CHAT]
    skills = sorted({skill for agent in policy.agents.values() for skill in agent.skills})
    teams = sorted({agent.team for agent in policy.agents.values()} | {"first_line", "second_line"})
    entries = {number_of(plan, name): {"flow": name, "channel": "phone_line"} for name in voice}
    files: dict[str, Mapping[str, Any]] = {
        "site.toml": {"name": plan.scenario.name, "time_zone": "UTC", "languages": ["en"], "entries": entries},
        "skills.toml": {name: {"title": name} for name in skills},
        "teams.toml": {name: {"title": name} for name in teams},
        "queues.toml": {name: _queue(name, given["queues"][name]) for name in policy.queues},
        "agents.toml": {"demo": {"password": PASSWORD}, "agents": _agents(plan)},
        "chats.toml": {
            "entries": {name: {"channel": "web_chat", "queue": name} for name in chats},
            "limits": {"open_chats_per_address": 2000, "opens_per_minute": 6000, "requests_per_minute": 60000},
        },
    }
    if "routing" in given:
        files["routing.toml"] = given["routing"]
    for name, content in files.items():
        (site / name).write_text(to_toml(content), encoding="utf-8")
    (site / "flows").mkdir()
    for name in voice:
        (site / "flows" / f"{name}.toml").write_text(FLOW.format(queue=name), encoding="utf-8")
    return site


def _queue(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {"title": name, "dispositions": ["resolved"], **row}


def _agents(plan: Plan) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {
        agent_id: {
            "display_name": agent_id,
            "team": rules.team,
            "skills": dict(rules.skills),
            "capacity": {
                **{medium.value: items for medium, items in rules.capacity.items()},
                "total": rules.total_units,
            },
            "station": "sip",
            "sip_user": phone_of(plan, agent_id),
        }
        for agent_id, rules in plan.scenario.policy.agents.items()
    }
    teams = sorted({rules.team for rules in plan.scenario.policy.agents.values()})
    rows[SUPERVISOR] = {"display_name": SUPERVISOR, "team": teams[0], "role": "supervisor", "supervises": teams}
    return rows


def to_toml(table: Mapping[str, Any]) -> str:
    """A table as TOML; tables within it inline, but for those of the first level."""
    lines = [f"{_key(key)} = {_value(value)}" for key, value in table.items() if not isinstance(value, Mapping)]
    for key, value in table.items():
        if isinstance(value, Mapping):
            lines += ["", f"[{_key(key)}]", *(f"{_key(name)} = {_value(each)}" for name, each in value.items())]
    return "\n".join(lines) + "\n"


def _key(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)
