"""How far both sides of a chat are, as SQL has it."""

import structlog

from chat.ports import ChatStore, StoreAwayError
from records.messages import Marks

log = structlog.get_logger(__name__)

# So long after the first change they are written: each line that is said moves both sides, and each write is a way to
# the database. Pages say again how far they are when they come back.
GATHER_US = 3_000_000


class KeptMarks:
    """Those of one chat; written only when they have changed, and with its end. Times in microseconds."""

    def __init__(self, chat_id: str, kept: Marks, store: ChatStore) -> None:
        self._chat_id = chat_id
        self._kept = kept
        self._store = store
        self._due: int | None = None

    def due(self, marks: Marks, now: int) -> int | None:
        """When these are to be kept, None when SQL has them."""
        if marks == self._kept:
            self._due = None
        elif self._due is None:
            self._due = now + GATHER_US
        return self._due

    async def keep(self, marks: Marks) -> None:
        """A store that is away is no error: pages say again how far they are when they come back."""
        if marks == self._kept:
            return
        try:
            await self._store.mark(self._chat_id, marks)
        except StoreAwayError as error:
            log.warning("marks_not_kept", error=str(error))
        self.are(marks)

    def are(self, marks: Marks) -> None:
        """SQL has these."""
        self._kept, self._due = marks, None
