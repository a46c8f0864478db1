"""The real things fit the ports."""

from chat.ports import AgentNotices, ChatStore, Contexts, Estimates, Records, Router
from server.chats.chat_screens import ChatScreens
from server.chats.chat_service import WaitSeconds
from server.chats.chat_store import Phases, SqlChatStore
from server.core.pump import Pump
from server.desks.contexts import InteractionContexts


def fits(*_things: object) -> None:
    """mypy checks the arguments of the functions below."""


def of_the_server(
    store: SqlChatStore,
    pump: Pump,
    contexts: InteractionContexts,
    screens: ChatScreens,
    phases: Phases,
    waits: WaitSeconds,
) -> None:
    chat_store: ChatStore = store
    router: Router = pump
    known: Contexts = contexts
    notices: AgentNotices = screens
    records: Records = phases
    estimates: Estimates = waits
    fits(chat_store, router, known, notices, records, estimates)


def test_waits_are_whole_seconds_rounded_up() -> None:
    expected = {"w1": 1, "w2": 60_000_000, "w3": None}
    waits = WaitSeconds(lambda work_id: expected[work_id])
    assert [waits.expected_wait(work_id) for work_id in expected] == [1, 60, None]
