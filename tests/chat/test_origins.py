"""Which pages may embed the chat: own ones, listed ones, and for each entry its own list."""

from dataclasses import replace

import pytest
from aiohttp.test_utils import make_mocked_request

from chat.origins import Origins
from chat.ports import ChatRefusedError
from chat.site import ChatEntry, ChatSite

SHOP, APP = "https://shop.example", "https://app.example:8443"
SITE = ChatSite(
    {
        "web": ChatEntry("web", "web_chat", "chat", origins=frozenset({SHOP})),
        "app": ChatEntry("app", "in_app", "chat", origins=frozenset({APP})),
    },
    str,
    str,
    "n1",
)
ORIGINS = Origins(lambda: SITE)


@pytest.mark.parametrize(
    ("origin", "found"),
    [
        (None, ""),
        ("http://here.example:8080", ""),
        (SHOP, SHOP),
        (APP, APP),
        ("https://app.example", None),
        ("http://shop.example", None),
        ("null", None),
        ("", None),
        ("http://[", None),
        ("ftp://here.example:8080", None),
    ],
)
def test_an_origin_is_compared_whole(origin: str | None, found: str | None) -> None:
    request = make_mocked_request(
        "GET", "/chat/v1/ws", {"Host": "here.example:8080"} | ({} if origin is None else {"Origin": origin})
    )
    assert ORIGINS.of(request) == found
    assert ORIGINS.may_connect(request) == (found is not None)


def test_each_entry_has_its_own_list() -> None:
    request = make_mocked_request("POST", "/chat/v1/chats", {"Host": "here.example", "Origin": SHOP})
    ORIGINS.check(request, "web")
    ORIGINS.check(request, "unknown")
    with pytest.raises(ChatRefusedError) as refused:
        ORIGINS.check(request, "app")
    assert refused.value.code == "foreign_origin"


def test_pages_of_the_server_s_other_nodes_are_own_ones() -> None:
    peer = "http://10.0.0.2:8080"
    origins = Origins(lambda: replace(SITE, own_origins=lambda: frozenset({peer})))
    request = make_mocked_request("POST", "/chat/v1/chats", {"Host": "here.example", "Origin": peer})
    assert origins.of(request) == peer, "it needs the headers of a foreign one"
    for entry in ("web", "app"):
        origins.check(request, entry)
