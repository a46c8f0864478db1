"""What a chat tells the router, on a real dispatcher."""

from chat.told import Told
from router.events import AssignmentEnded, CustomerLeft, InteractionNoted, WorkDirected, WorkQueued
from router.vocabulary import EndedBy, Medium
from tests.chat.neighbours import RealRouter


async def test_a_chat_that_cannot_go_back_is_over() -> None:
    router = RealRouter()
    told = Told("c", router)
    router.ready("ann")
    await told.post(WorkQueued("c", "c", Medium.CHAT, "web_chat"))
    router.accept()
    await told.connected("c.1")
    await told.give_back("c.1", "agent_page_lost")
    assert not router.of(AssignmentEnded), "it is in the queue again"
    await told.give_back("c.9", "agent_page_lost")
    assert router.of(AssignmentEnded) == [AssignmentEnded("c.9", EndedBy.SYSTEM, "agent_page_lost")]


async def test_only_its_own_direction_is_released() -> None:
    router = RealRouter()
    told = Told("c", router)
    await told.post(WorkQueued("c", "c", Medium.CHAT, "web_chat", directed="ann"))
    told.release("c", "bob")
    assert not router.of(WorkDirected)
    told.release("c", "ann")
    assert router.directed("c") is None


async def test_words_of_the_story_are_in_order() -> None:
    router = RealRouter()
    told = Told("c", router)
    told.noted("transfer_asked", warm="no", by="ann")
    told.left("c")
    told.end_part("c.1", "taken_over")
    assert router.events == [
        InteractionNoted("c", "transfer_asked", (("by", "ann"), ("warm", "no"))),
        CustomerLeft("c"),
        AssignmentEnded("c.1", EndedBy.SYSTEM, "taken_over"),
    ]
