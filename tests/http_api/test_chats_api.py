"""Chats that go on: who reaches which, what is passed on, and how refusals are told."""

import pytest

from http_api.chats_api import ChatsApi, ChatView, LiveChat
from http_api.supervision_api import Refused
from records.roles import Scope
from records.sessions import Caller
from tests.http_api.conftest import MakeSite, Site
from tests.http_api.neighbours import FirstTeam
from tests.http_api.watched import AGENT_OF, Watched


def shown(chat_id: str) -> LiveChat:
    return LiveChat(
        interaction_id=chat_id,
        state="talking",
        queue="web_chat",
        customer="Visitor",
        agent=AGENT_OF[chat_id],
        name="Anna",
        listeners=(),
    )


class Monitors(Watched):
    def live(self, scope: Scope) -> tuple[LiveChat, ...]:
        return tuple(shown(chat) for chat in AGENT_OF if self.covers(scope, chat))

    async def read(self, caller: Caller, interaction_id: str, *what: object) -> ChatView | Refused:
        self.asked.append(("read", caller.account, interaction_id, *what))
        return self.refusal or ChatView(chat=shown(interaction_id), version=3, typing=False, lines=(), whispers=())

    async def say(self, caller: Caller, *what: object) -> Refused | None:
        self.asked.append(("say", caller.account, *what))
        return self.refusal


@pytest.fixture
def monitors() -> Monitors:
    return Monitors()


@pytest.fixture
async def chats(make_site: MakeSite, monitors: Monitors) -> Site:
    return await make_site(ChatsApi(monitors, FirstTeam()).routes())


async def test_what_is_asked_is_passed_on(chats: Site, monitors: Monitors) -> None:
    path = "/api/v1/chats/c1"
    assert await chats.send("sam", "PUT", f"{path}/listener", {"mode": "whisper", "comment": "new"}) == (204, None)
    assert await chats.send("sam", "POST", f"{path}/messages", {"client_id": "s1", "text": "hm"}) == (204, None)
    status, seen = await chats.get("sam", f"{path}?after=4&version=2&wait=5")
    assert (status, seen["version"], seen["chat"]["agent"]) == (200, 3, "anna")
    assert await chats.send("sam", "DELETE", f"{path}/listener") == (204, None)
    assert await chats.send("sam", "POST", f"{path}/take-over", {}) == (204, None)
    assert monitors.asked == [
        ("listen", "sam", "c1", "whisper", "new"),
        ("say", "sam", "c1", "s1", "hm"),
        ("read", "sam", "c1", 4, 2, 5),
        ("stop", "sam", "c1"),
        ("take_over", "sam", "c1", ""),
    ]
    assert (await chats.send("sam", "GET", f"{path}?wait=999"))[0] == 400


@pytest.mark.parametrize(
    ("account", "chat", "status"),
    [("sam", "c1", 204), ("sam", "c2", 404), ("ada", "c2", 204), ("anna", "c1", 403), ("crm", "c1", 403)],
)
async def test_who_reaches_what(chats: Site, account: str, chat: str, status: int) -> None:
    path = f"/api/v1/chats/{chat}"
    assert (await chats.send(account, "PUT", f"{path}/listener", {"mode": "listen"}))[0] == status
    assert (await chats.send(account, "POST", f"{path}/take-over", {}))[0] == status
    assert (await chats.send(account, "GET", path))[0] == (200 if status == 204 else status)


async def test_the_list_is_the_caller_s(chats: Site) -> None:
    status, seen = await chats.get("sam", "/api/v1/chats")
    assert (status, [row["interaction_id"] for row in seen["chats"]]) == (200, ["c1"])


async def test_refusals_are_conflicts(chats: Site, monitors: Monitors) -> None:
    monitors.refusal = Refused("not_listening", "listen to the chat first")
    for method, path, body in (
        ("GET", "", None),
        ("DELETE", "/listener", None),
        ("POST", "/messages", {"client_id": "s", "text": "x"}),
    ):
        status, problem = await chats.send("sam", method, f"/api/v1/chats/c1{path}", body)
        assert (status, problem["type"]) == (409, "urn:jackfield:problem:not-listening")
