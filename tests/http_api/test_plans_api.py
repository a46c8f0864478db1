"""Who may do what to plans; what they do is shown by tests/server/floor/test_plans.py on a whole node."""

from http_api.plans_api import PlansApi
from records.roles import Action, allowed


def test_roles_of_the_routes() -> None:
    routes = PlansApi(None, None, None).routes()  # type: ignore[arg-type]  # the table needs no neighbours
    reading = {route.operation for route in routes if route.roles == allowed(Action.SEE_RULES) and route.body is None}
    assert reading == {"listPlans", "getPlan"}
    assert all(route.roles == allowed(Action.APPLY_PLANS) for route in routes if route.operation not in reading)
