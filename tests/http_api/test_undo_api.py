"""Who may take what back; what it does is shown by tests/server/floor/test_undo.py on a whole node."""

from http_api.undo_api import UndoApi
from records.roles import Action, allowed


def test_only_those_who_intervene_take_back() -> None:
    (route,) = UndoApi(None, None, None, None).routes()  # type: ignore[arg-type]  # the table needs no neighbours
    assert route.roles == allowed(Action.UNDO) == allowed(Action.STEER_WORK)
    assert set(route.special_problems) == {409, 422}
