"""Who may do what to plans; what they do is shown by tests/server/floor/test_plans.py on a whole node."""

import msgspec
import pytest

from http_api.plans_api import PlanName, PlansApi
from records.roles import Action, allowed


def test_roles_of_the_routes() -> None:
    routes = PlansApi(None, None, None).routes()  # type: ignore[arg-type]  # the table needs no neighbours
    reading = {route.operation for route in routes if route.roles == allowed(Action.SEE_RULES) and route.body is None}
    assert reading == {"listPlans", "getPlan"}
    assert all(route.roles == allowed(Action.APPLY_PLANS) for route in routes if route.operation not in reading)


@pytest.mark.parametrize("name", ["", "1st", "Night", "night ", "night\n", "n" * 65])
def test_what_names_no_plan(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(name, PlanName)
