"""What nodes of two shards tell each other of chats comes out as it went in."""

import msgspec
import pytest

from chat.ports import Identity
from chat.visits import GuestChat, Look, Rate, Speak, Visit, decode_visit
from records.chat_files import ChatFile
from records.messages import Chat, Marks, Message
from tests.server.chat_nodes import carried

FILE = ChatFile(id="f", name="a.png", media_type="image/png", size=3, sha256="s")
CHAT = Chat(
    interaction_id="i",
    token_hash="h",
    entry="web",
    channel="web",
    queue="q",
    name="Cai",
    locale="zh-CN",
    opened_at=1,
    marks=Marks(1, 1, 0, 0),
    last=1,
)


@pytest.mark.parametrize(
    "visit",
    [
        Look(token_hash="h", after=3, version=7, wait_s=1.5),
        Speak(token_hash="h", client_id="v1", text="", file=FILE),
        Rate(token_hash="h", score=5),
    ],
)
def test_visits(visit: Visit) -> None:
    assert decode_visit(carried(visit)) == visit


def test_a_visit_that_nobody_knows_is_none() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_visit({"visit": "Shout", "token_hash": "h"})


def test_a_chat_that_goes_over() -> None:
    line = Message(1, "customer", "", "Cai", "open", "你好", 5, FILE)
    guest = GuestChat(
        work_id="i",
        shard="north",
        queue="far",
        chat=CHAT,
        lines=(line,),
        identity=Identity("visitor", "v", verified=False),
        data={"order": "7"},
    )
    assert msgspec.convert(carried(guest), GuestChat) == guest
