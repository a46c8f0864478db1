"""What plain requests have in common."""

import pytest
from aiohttp.test_utils import make_mocked_request

from chat.messages import EntryState
from chat.ports import ChatRefusedError
from chat.rest import STATUS_OF, number, reply


def test_a_number_is_whole_and_within_bounds() -> None:
    request = make_mocked_request("GET", "/x?a=7&b=-1&c=x&d=99999999999999999999&e=")
    assert (number(request, "a", 0, 9), number(request, "none", 3, 9)) == (7, 3)
    for name in ("b", "c", "d", "e"):
        with pytest.raises(ChatRefusedError) as refused:
            number(request, name, 0, 9)
        assert STATUS_OF[refused.value.code] == 400


def test_nobody_keeps_a_copy_of_an_answer() -> None:
    answer = reply(EntryState(open=True), 201)
    assert (answer.status, answer.body, answer.headers["Cache-Control"]) == (201, b'{"open":true}', "no-store")
