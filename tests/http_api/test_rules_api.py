"""Rules: the keys of the files, absent against null, the second writer's answer."""

from typing import Any

import pytest

from http_api.edits import Conflict, Invalid, RulesChange
from tests.http_api.conftest import Site


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        (
            "PUT",
            "agents/anna/skills",
            {"based_on": 4, "skills": {"english": 9}},
            ("edit", "sam", "agent:anna", {"skills": {"english": 9}}, 4, ""),
        ),
        (
            "PUT",
            "agents/anna/skills",
            {"based_on": 4, "skills": None, "comment": "back"},
            ("edit", "sam", "agent:anna", {"skills": None}, 4, "back"),
        ),
        (
            "PATCH",
            "agents/anna/rules",
            {"based_on": 4, "capacity": {"voice": 1, "total": 2}},
            ("edit", "sam", "agent:anna", {"capacity": {"voice": 1, "total": 2}}, 4, ""),
        ),
        (
            "PATCH",
            "queues/orders/rules",
            {
                "based_on": 4,
                "wrap_up_us": 1_500_000,
                "priority": None,
                "teams": ["first"],
                "service_level": {"threshold_us": 5_000_000, "target": 0.9},
            },
            (
                "edit",
                "sam",
                "queue:orders",
                {
                    "wrap_up_s": 1.5,
                    "priority": None,
                    "teams": ["first"],
                    "service_level": {"threshold_s": 5.0, "fraction": 0.9},
                },
                4,
                "",
            ),
        ),
    ],
)
async def test_edits(site: Site, method: str, path: str, body: dict[str, Any], expected: tuple[Any, ...]) -> None:
    status, answer = await site.send("sam", method, f"/api/v1/{path}", body)
    assert status == 200
    assert answer["version"] == 4
    assert site.asked.calls == [expected]


@pytest.mark.parametrize(
    ("account", "method", "path", "body", "status"),
    [
        ("sam", "PUT", "agents/dora/skills", {"based_on": 0, "skills": {}}, 404),
        ("sam", "PUT", "agents/nobody/skills", {"based_on": 0, "skills": {}}, 404),
        ("ada", "PUT", "agents/dora/skills", {"based_on": 0, "skills": {}}, 200),
        ("anna", "PUT", "agents/anna/skills", {"based_on": 0, "skills": {}}, 403),
        ("sam", "PUT", "agents/anna/skills", {"skills": {}}, 400),
        ("sam", "PATCH", "agents/anna/rules", {"based_on": 0, "team": "second"}, 404),
        ("sam", "PATCH", "queues/experts/rules", {"based_on": 0, "priority": 1}, 404),
        ("sam", "PATCH", "queues/orders/rules", {"based_on": 0, "teams": []}, 404),
        ("ada", "PATCH", "queues/orders/rules", {"based_on": 0, "teams": []}, 200),
        ("sam", "PATCH", "queues/orders/rules", {"based_on": 0, "prio": 1}, 400),
        ("sam", "GET", "agents/anna/rules", None, 200),
        ("sam", "GET", "agents/dora/rules", None, 404),
        ("sam", "GET", "queues/orders/rules", None, 200),
        ("anna", "GET", "queues/orders/rules", None, 403),
    ],
)
async def test_reach(site: Site, account: str, method: str, path: str, body: Any, status: int) -> None:
    assert (await site.send(account, method, f"/api/v1/{path}", body))[0] == status


async def test_the_second_writer_sees_what_changed_and_by_whom(site: Site) -> None:
    theirs = RulesChange(5, 7, "bea", {"skills": None}, {"skills": {"english": 1}}, "why")
    site.asked.conflict = Conflict(5, (theirs,))
    body = {"based_on": 4, "skills": {}}
    status, answer = await site.send("sam", "PUT", "/api/v1/agents/anna/skills", body)
    assert (status, answer["type"], answer["version"]) == (409, "urn:jackfield:problem:changed-meanwhile", 5)
    assert answer["changes"][0]["by"] == "bea"
    assert answer["changes"][0]["after"] == {"skills": {"english": 1}}


async def test_bad_rules_are_named(site: Site) -> None:
    site.asked.conflict = Invalid(("skills.dutch is not known",))
    body = {"based_on": 4, "skills": {"dutch": 1}}
    status, answer = await site.send("sam", "PUT", "/api/v1/agents/anna/skills", body)
    assert (status, answer["problems"]) == (422, ["skills.dutch is not known"])
