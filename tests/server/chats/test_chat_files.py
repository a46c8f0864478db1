"""Files of chats over the whole server's API: who gets them, and that they go when their time is over."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from chat.vault import STALE_S, Vault
from http_api.chat_files_api import FileLimits
from records.chat_files import ChatFile, ChatFiles
from records.messages import Chats
from server.chats.chat_files import FileKeeper
from tests.chat.test_sniff import PNG
from tests.chat.test_vault import anything, files, pieces
from tests.databases import migrated
from tests.records.test_messages import chat, said
from tests.server.bureau import Bureau, bureau
from tests.waiting import until

KEY = "k" * 22


async def bytes_of(office: Bureau, who: str, path: str) -> tuple[int, bytes, Any]:
    headers = {"Authorization": f"Bearer {await office.token(who)}"}
    async with office.session.get(f"{office.base}/api/v1/{path}", headers=headers) as answer:
        return answer.status, await answer.read(), answer.headers


async def sent(office: Bureau, who: str, interaction: str, reservation: str, content: bytes) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {await office.token(who)}"}
    query = {"reservation_id": reservation, "client_id": "a1", "name": "answer.txt"}
    url = f"{office.base}/api/v1/interactions/{interaction}/files"
    async with office.session.post(url, data=content, params=query, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_both_sides_and_nobody_else(tmp_path: Path) -> None:
    async with bureau(tmp_path) as office:
        chats = f"{office.base}/chat/v1/chats"
        body = {"entry": "web", "key": KEY, "question": "hello", "name": "V"}
        async with office.session.post(chats, json=body) as answer:
            opened = await answer.json()
        interaction, token = opened["status"]["chat_id"], opened["token"]
        await office.connect("agent1")
        await office.ask("ops9", "POST", "agents/agent1/presence", {"presence": "ready"})
        dispatcher = office.node.core.pump.dispatcher
        await until(lambda: bool(dispatcher.reservations_of("agent1")), "offered")
        (row,) = dispatcher.reservations_of("agent1")
        assert await office.node.voice.desk.accept("agent1", row.reservation_id) is None
        runner = office.node.web.chats.conductor.chat(interaction)
        assert runner is not None
        await until(lambda: runner.machine.serving is not None, "accepted")

        headers = {"Authorization": f"Bearer {token}"}
        url, query = f"{chats}/{interaction}/files", {"client_id": "f1", "name": "p.png"}
        async with office.session.post(url, data=PNG, params=query, headers=headers) as answer:
            file_id = (await answer.json())["file"]["id"]
        assert len(files(office.node.settings.data_dir / "files")) == 1

        path = f"interactions/{interaction}/files/{file_id}"
        status, content, answered = await bytes_of(office, "agent1", path)
        assert (status, content) == (200, PNG)
        assert answered["Content-Disposition"].startswith("attachment")
        assert answered["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert (await bytes_of(office, "agent4", path))[0] == 404
        assert (await bytes_of(office, "key:crm", path))[0] == 403
        await office.node.core.projection.drained()
        assert (await bytes_of(office, "ops9", path))[:2] == (200, PNG)
        async with office.session.get(f"{office.base}/files/{file_id[:2]}/{file_id}") as answer:
            assert answer.status == 404, "nothing of the data folder is served as a page"

        status, answer_sent = await sent(office, "agent1", interaction, row.reservation_id, b"here you are")
        assert (status, answer_sent["file"]["name"]) == (201, "answer.txt")
        status, refused = await sent(office, "agent2", interaction, row.reservation_id, b"hello")
        assert (status, refused["type"]) == (409, "urn:jackfield:problem:not-connected")
        status, refused = await sent(office, "agent1", interaction, row.reservation_id, b"<html>")
        assert (status, refused["type"]) == (415, "urn:jackfield:problem:file-type")
        _, limits = await office.ask("agent1", "GET", "chat-files/limits")
        assert limits["max_bytes"] == 10240 * 1024
        assert FileLimits(**limits).per_chat == 20
        await office.node.core.projection.drained()
        _, view = await office.ask("agent1", "GET", f"interactions/{interaction}")
        assert [message.get("file") and message["file"]["name"] for message in view["messages"]] == [
            None,
            "p.png",
            "answer.txt",
        ]


async def test_what_is_past_its_time_goes_and_what_nobody_knows_goes_too(tmp_path: Path) -> None:
    database = await migrated(tmp_path / "records.sqlite")
    try:
        vault, records, chats = Vault(tmp_path / "files"), ChatFiles(database), Chats(database)
        kept = [await vault.take(pieces(b"hello"), 100, anything) for _ in range(3)]
        await chats.open(chat(), said(1, "hello", "c1"))
        for number, stored in enumerate(kept[:2], 2):
            file = ChatFile(id=stored.id, name="a.txt", media_type=stored.kind, size=5, sha256=stored.sha256)
            message = said(number, "", f"c{number}")
            await chats.add("i1", replace(message, file=file))
        for path in files(tmp_path / "files"):
            os.utime(path, (path.stat().st_mtime - STALE_S - 1,) * 2)
        keeper = FileKeeper(vault, records, lambda: 1_000, lambda: 2_003)
        await keeper.sweep()
        assert [path.name for path in files(tmp_path / "files")] == [kept[1].id]
        found = await records.find("i1", kept[0].id)
        assert found is not None
        assert found.gone
    finally:
        await database.close()
