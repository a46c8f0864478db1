"""Internal notes over the whole server: told to colleagues, and never a byte of them to the visitor."""

import json
from pathlib import Path
from typing import Any

import aiohttp

from agents_ws import messages as m
from chat.messages import SUBPROTOCOL
from tests.server.bureau import Bureau, bureau
from tests.waiting import until

KEY, SECRET = "k" * 22, "this customer is difficult"


class VisitorPage:
    """A visitor's socket that remembers every byte it got."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.heard = ""

    async def until(self, word: str) -> None:
        while word not in self.heard:
            frame = await self.socket.receive(timeout=10)
            assert frame.type is aiohttp.WSMsgType.TEXT
            self.heard += str(frame.data)


async def chatting(office: Bureau, page: VisitorPage) -> tuple[str, str, str]:
    """A chat that agent1 has: interaction, reservation and the visitor's token."""
    opening = {"type": "open", "entry": "web", "key": KEY, "question": "hello", "name": "V"}
    await page.socket.send_str(json.dumps(opening))
    await page.until('"welcome"')
    welcome = json.loads(page.heard[: page.heard.index("}{") + 1] if "}{" in page.heard else page.heard)
    await office.connect("agent1")
    await office.ask("ops9", "POST", "agents/agent1/presence", {"presence": "ready"})
    dispatcher = office.node.core.pump.dispatcher
    await until(lambda: bool(dispatcher.reservations_of("agent1")), "offered")
    (row,) = dispatcher.reservations_of("agent1")
    assert await office.node.voice.desk.accept("agent1", row.reservation_id) is None
    await page.until('"talking"')
    return welcome["status"]["chat_id"], row.reservation_id, welcome["token"]


async def test_a_note_reaches_colleagues_and_never_the_visitor(tmp_path: Path) -> None:
    async with bureau(tmp_path) as office:
        told: list[tuple[str, Any]] = []
        hub = office.node.voice.hub
        send = hub.send
        hub.send = lambda agent_id, message: told.append((agent_id, message)) or send(agent_id, message)  # type: ignore[method-assign,func-returns-value]
        url = f"{office.base.replace('http', 'ws')}/chat/v1/ws"
        async with office.session.ws_connect(url, protocols=(SUBPROTOCOL,)) as socket:
            page = VisitorPage(socket)
            interaction, reservation, token = await chatting(office, page)
            path = f"interactions/{interaction}/notes"
            body = {"text": f"@Demo agent 4 {SECRET}", "mentions": ["agent4"]}
            status, note = await office.ask("agent1", "POST", path, body)
            assert (status, note["name"]) == (201, "Demo agent 1")

            # The visitor's socket is read to a message that was said after the note: nothing of it is on the way.
            await office.node.voice.desk.chat_message("agent1", reservation, "a1", "one moment")
            await page.until("one moment")
            headers = {"Authorization": f"Bearer {token}"}
            chats = f"{office.base}/chat/v1/chats"
            everything = page.heard
            for tail in (f"{interaction}/messages", f"{interaction}/notes", f"{interaction}/files/{note['id']}"):
                async with office.session.get(f"{chats}/{tail}", headers=headers) as answer:
                    everything += await answer.text()
            async with office.session.get(f"{office.base}/api/v1/{path}", headers=headers) as answer:
                assert answer.status == 401
                everything += await answer.text()
            reopened = {"entry": "web", "key": KEY, "question": "hello"}
            async with office.session.post(chats, json=reopened) as answer:
                everything += await answer.text()
            assert "one moment" in everything
            assert SECRET not in everything
            assert "note" not in page.heard

            shown = m.StaffNote(id=note["id"], by="agent1", name="Demo agent 1", text=body["text"], at_us=note["at"])  # type: ignore[arg-type]
            added = m.NoteAdded(reservation_id=reservation, interaction_id=interaction, note=shown)
            assert ("agent1", added) in told
            (mention,) = [message for agent, message in told if isinstance(message, m.Mentioned) and agent == "agent4"]
            assert mention.note == shown

            # The colleague who is named finds it, opens the interaction, and has seen it.
            await office.node.core.projection.drained()
            _, waiting = await office.ask("agent4", "GET", "mentions")
            assert [one["note"]["text"] for one in waiting["mentions"]] == [body["text"]]
            assert (await office.ask("agent4", "GET", path))[0] == 200
            assert (await office.ask("agent2", "GET", path))[0] == 404
            assert (await office.ask("agent4", "POST", f"mentions/{waiting['mentions'][0]['id']}/seen"))[0] == 204
            assert (await office.ask("agent4", "GET", "mentions"))[1] == {"mentions": []}
            assert (await office.ask("agent1", "POST", path, {"text": "x", "mentions": ["stranger"]}))[0] == 422
            assert (await office.ask("agent1", "GET", "colleagues"))[1]["agents"][0] == {
                "agent_id": "agent2",
                "name": "Demo agent 2",
            }
