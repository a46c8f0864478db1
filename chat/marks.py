"""How far both sides of a chat are, as SQL has it."""

import structlog

from chat.ports import ChatStore, StoreAwayError
from records.messages import Marks

log = structlog.get_logger(__name__)


class KeptMarks:
    """Those of one chat; written only when they have changed."""

    def __init__(self, chat_id: str, kept: Marks, store: ChatStore) -> None:
        self._chat_id = chat_id
        self._kept = kept
        self._store = store

    async def keep(self, marks: Marks) -> None:
        """A store that is away is no error: pages say again how far they are when they come back."""
        if marks == self._kept:
            return
        try:
            await self._store.mark(self._chat_id, marks)
        except StoreAwayError as error:
            log.warning("marks_not_kept", error=str(error))
        self._kept = marks
