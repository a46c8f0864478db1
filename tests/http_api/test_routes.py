"""Reading requests and writing answers."""

import pytest
from aiohttp.test_utils import make_mocked_request

from http_api.problems import ProblemError
from http_api.routes import read_number, reply


@pytest.mark.parametrize(("query", "value"), [("", 5), ("?n=1", 1), ("?n=9", 9), ("?n=007", 7)])
def test_a_number(query: str, value: int) -> None:
    assert read_number(make_mocked_request("GET", "/" + query), "n", 5, 1, 9) == value


@pytest.mark.parametrize("query", ["?n=", "?n=0", "?n=10", "?n=x", "?n=1.5", "?n=²", "?n=" + "1" * 5000])
def test_not_a_number(query: str) -> None:
    with pytest.raises(ProblemError) as caught:
        read_number(make_mocked_request("GET", "/" + query), "n", 5, 1, 9)
    assert caught.value.status == 400


def test_a_reply_is_json_that_nobody_keeps() -> None:
    answer = reply({"a": 1}, 201)
    assert (answer.status, answer.body, answer.content_type) == (201, b'{"a":1}', "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
