"""The real things fit the ports."""

from chat.ports import AgentNotices, ChatStore, Contexts, Estimates, Records, Router
from server.chat_desk import ChatScreens
from server.chat_service import NoEstimates
from server.chat_store import Phases, SqlChatStore
from server.contexts import InteractionContexts
from server.pump import Pump


def fits(*_things: object) -> None:
    """mypy checks the arguments of the functions below."""


def of_the_server(
    store: SqlChatStore, pump: Pump, contexts: InteractionContexts, screens: ChatScreens, phases: Phases
) -> None:
    chat_store: ChatStore = store
    router: Router = pump
    known: Contexts = contexts
    notices: AgentNotices = screens
    records: Records = phases
    estimates: Estimates = NoEstimates()
    fits(chat_store, router, known, notices, records, estimates)


def test_nobody_knows_how_long_it_takes_until_somebody_does() -> None:
    assert NoEstimates().expected_wait("w1") is None
