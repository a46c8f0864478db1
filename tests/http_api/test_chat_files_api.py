"""Files of chats over the API: who may send, and who may have which."""

from typing import Any

import pytest
from aiohttp import web

from http_api.chat_files_api import ChatFilesApi, FileLimits, SentFile
from http_api.interactions_api import ChatFilePart
from http_api.problems import ProblemError
from tests.http_api.conftest import MakeSite, Site

FILE = ChatFilePart(id="f1", name="a.png", media_type="image/png", size=3, gone=False)


class Files:
    """Keeps what was sent; dora has the chat `live` at this moment."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, bytes]] = []

    def limits(self) -> FileLimits:
        return FileLimits(types=("image/png",), max_bytes=10, per_chat=2)

    def serves(self, agent_id: str, interaction_id: str) -> bool:
        return (agent_id, interaction_id) == ("dora", "live")

    async def send(self, agent_id: str, interaction_id: str, request: web.Request) -> SentFile:
        content = await request.read()
        if not content:
            raise ProblemError(400, "file-empty")
        self.sent.append((agent_id, interaction_id, content))
        return SentFile(number=2, at=5, file=FILE)

    async def fetch(self, interaction_id: str, file_id: str) -> web.StreamResponse:
        return web.json_response({"of": interaction_id, "file": file_id})


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
async def site(make_site: MakeSite, files: Files) -> Site:
    return await make_site(lambda ports: ChatFilesApi(files, ports.interactions, ports.scopes).routes())


async def test_one_who_may_see_the_interaction_has_its_files(site: Site) -> None:
    path = "/api/v1/interactions/i1/files/f1"
    assert await site.get("anna", path) == (200, {"of": "i1", "file": "f1"})
    assert (await site.get("dora", path))[0] == 404
    assert (await site.send("crm", "GET", path))[0] == 403
    assert (await site.get("dora", "/api/v1/interactions/live/files/f1"))[0] == 200, "the record may be behind"
    assert (await site.get("anna", "/api/v1/interactions/live/files/f1"))[0] == 404


async def test_who_has_chats_sends_files(site: Site, files: Files) -> None:
    status, answer = await post(site, "anna", b"abc")
    assert (status, answer["file"]["name"]) == (201, "a.png")
    assert files.sent == [("anna", "i1", b"abc")]
    assert (await post(site, "anna", b""))[1]["type"] == "urn:jackfield:problem:file-empty"
    assert (await post(site, "sam", b"abc"))[0] == 403, "a supervisor without an agent has no chats"
    assert (await post(site, "crm", b"abc"))[0] == 403
    assert (await site.get("anna", "/api/v1/chat-files/limits"))[1]["max_bytes"] == 10


async def post(site: Site, account: str, content: bytes) -> tuple[int, Any]:
    token = "jfk_crm" if account == "crm" else await site.token(account)
    headers = {"Authorization": f"Bearer {token}"}
    async with site.client.post("/api/v1/interactions/i1/files", data=content, headers=headers) as answer:
        return answer.status, await answer.json()
