"""Own canned replies over HTTP: kept by account, with names that can be typed behind a slash."""

import pytest

from http_api.own_replies_api import OwnRepliesApi
from records.own_replies import OwnReply
from tests.http_api.conftest import MakeSite, Site


class Book:
    """Two at most."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, OwnReply]] = {}

    async def of(self, account: str) -> tuple[OwnReply, ...]:
        return tuple(self.kept.get(account, {}).values())

    async def put(self, account: str, reply: OwnReply, now: int) -> bool:
        own = self.kept.setdefault(account, {})
        if reply.name not in own and len(own) > 1:
            return False
        own[reply.name] = reply
        return True

    async def remove(self, account: str, name: str) -> bool:
        return self.kept.get(account, {}).pop(name, None) is not None


@pytest.fixture
async def site(make_site: MakeSite) -> Site:
    return await make_site(OwnRepliesApi(Book(), lambda: 5).routes())


async def test_everybody_has_their_own(site: Site) -> None:
    path, hello = "/api/v1/own-replies", {"title": "Greeting", "text": "Hello {customer}"}
    assert (await site.send("anna", "PUT", f"{path}/hi", hello))[0] == 204
    assert (await site.get("anna", path))[1] == {"items": [{"name": "hi", **hello}]}
    assert (await site.get("dora", path))[1] == {"items": []}
    assert (await site.send("dora", "DELETE", f"{path}/hi"))[0] == 404
    assert (await site.send("anna", "DELETE", f"{path}/hi"))[0] == 204


@pytest.mark.parametrize("name", ["a%20b", "x" * 41, "a%0Ab", "%E3%80%80"])
async def test_a_name_can_be_typed(site: Site, name: str) -> None:
    assert (await site.send("anna", "PUT", f"/api/v1/own-replies/{name}", {"title": "t", "text": "x"}))[0] == 422


async def test_not_too_many_and_not_empty(site: Site) -> None:
    path, one = "/api/v1/own-replies/", {"title": "t", "text": "x"}
    codes = [(await site.send("anna", "PUT", path + name, one))[0] for name in ("a", "%E9%97%AE%E5%A5%BD", "c")]
    assert codes == [204, 204, 409]
    assert (await site.send("anna", "PUT", path + "a", {"title": "t", "text": ""}))[0] == 400
