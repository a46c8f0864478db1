"""Acts and answers as they travel between nodes."""

from typing import get_args

import msgspec
import pytest

from agents_ws import messages as m
from records.chat_files import ChatFile
from records.messages import Message
from server.chats import chat_acts as a
from tests.server.chat_nodes import carried

FILE = ChatFile(id="f1", name="a.png", media_type="image/png", size=3, sha256="00")
ACTS: tuple[a.Act, ...] = (
    a.Say(agent_id="ann", reservation_id="r", client_id="c", text="x", file=FILE),
    a.HandOver(agent_id="ann", reservation_id="r", to_agent="bob", to_queue="", note="n"),
    a.ParkIt(agent_id="ann", reservation_id="r", last=3, until_us=None),
    a.Type(agent_id="ann", reservation_id="r", on=True),
    a.Read(agent_id="ann", reservation_id="r", number=3),
    a.Show(interaction_id="i"),
    a.LetGo(interaction_id="i", node="b.1"),
    a.Listen(agent_id="bob", interaction_id="i", mode="listen"),
    a.StopListening(agent_id="bob", interaction_id="i"),
    a.SayAsListener(agent_id="bob", interaction_id="i", client_id="c", text="x"),
    a.ReadAlong(agent_id="bob", interaction_id="i", after=1, version=None, wait_s=2.5),
    a.TakeOver(agent_id="bob", interaction_id="i"),
)


def test_every_act_comes_out_as_it_went_in() -> None:
    assert {type(act) for act in ACTS} == set(get_args(a.Act))
    for act in ACTS:
        assert a.decode_act(carried(act)) == act
    with pytest.raises(msgspec.ValidationError):
        a.decode_act({"act": "unheard_of"})


def test_answers_and_what_pages_are_shown_come_out_as_they_went_in() -> None:
    message = Message(3, "agent", "ann", "Ann", "c", "x", 5, FILE)
    answer = msgspec.convert(carried(a.Answer(result=message)), a.Answer)
    assert msgspec.convert(answer.result, Message) == message
    shown = a.ForPage(agent_id="ann", interaction_id="i", message=m.ChatTyping(reservation_id="r", on=True))
    assert msgspec.convert(carried(shown), a.ForPage) == shown
