"""Peak plans: read with the files, checked row by row against the site, written as they were read."""

import shutil
from pathlib import Path

import pytest

from config.loader import load
from config.patches import RulesProblem, patched
from config.plans import plan_row
from config.problems import ConfigProblems
from tests.server.sites import DEMO

EVENING = """
[evening]
title = { en = "Evening peak", zh-CN = "晚高峰" }
[evening.agents.agent1]
skills = { english = 3 }
[evening.queues.orders]
priority = 20
"""


def site_with(folder: Path, plans: str) -> Path:
    site = folder / "site"
    shutil.copytree(DEMO, site, ignore=shutil.ignore_patterns("prompts"))
    (site / "prompts").symlink_to(DEMO / "prompts", target_is_directory=True)
    (site / "plans.toml").write_text(plans, encoding="utf-8")
    return site


def test_a_plan_is_read_and_written_back(tmp_path: Path) -> None:
    site = load(site_with(tmp_path, EVENING))
    plan = site.plans["evening"]
    assert plan.rows == {"agent:agent1": {"skills": {"english": 3}}, "queue:orders": {"priority": 20}}
    assert plan.titles == {"en": "Evening peak", "zh-CN": "晚高峰"}
    again = patched(site, "plan:copy", plan_row(plan)).plans["copy"]
    assert again.rows == plan.rows
    assert patched(site, "plan:evening", {}) is site


def test_mistakes_are_found_in_rows_and_names(tmp_path: Path) -> None:
    wrong = """
[evening.queues.order]
priority = 20
[evening.queues.orders]
priority = 1001
[evening.agents.agent1]
skills = { dutch = 1 }
[empty]
title = "Nothing"
"""
    with pytest.raises(ConfigProblems) as caught:
        load(site_with(tmp_path, wrong))
    assert {problem.path for problem in caught.value.problems} >= {
        "evening.title",
        "evening.queues.order",
        "evening.queues.orders.priority",
        "evening.agents.agent1.skills.dutch",
        "empty",
    }


def test_a_saved_plan_is_checked_as_files_are(tmp_path: Path) -> None:
    site = load(site_with(tmp_path, EVENING))
    with pytest.raises(RulesProblem) as caught:
        patched(site, "plan:mine", {"title": "Mine", "queues": {"orders": {"priority": "high"}}})
    assert [problem.path for problem in caught.value.problems] == ["queues.orders.priority"]
