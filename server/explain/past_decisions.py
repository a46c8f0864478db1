"""Asks for past decisions: finds the segments, has them replayed by a process of its own, a few at a time."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from server.explain.explain_worker import Found, Question, decode
from server.persistence.kept_journal import KeptJournal

log = structlog.get_logger(__name__)

_ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 60.0
MAX_WAITING = 4


class BusyError(Exception):
    """Too many ask at once."""


class PastDecisions:
    """`find` starts one process at a time; whoever comes when four wait already is refused."""

    def __init__(self, journal: KeptJournal) -> None:
        self._journal = journal
        self._one = asyncio.Lock()
        self.asking = 0

    async def find(self, work_id: str, sequences: Sequence[int], candidates: int) -> Sequence[Found]:
        """The decisions of these turns that the journal still has, with at most so many candidates each.

        Raises BusyError, or StoreError (journal away). A replay that fails or takes longer than a minute is logged and
        finds nothing.
        """
        if self.asking >= MAX_WAITING:
            raise BusyError
        self.asking += 1
        try:
            async with self._one:
                pieces = await self._journal.pieces(sequences)
                if not pieces:
                    return ()
                return await self._ask(Question(work_id, tuple(sequences), candidates, tuple(pieces)))
        finally:
            self.asking -= 1

    async def _ask(self, question: Question) -> Sequence[Found]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server.explain.explain_worker"),
            cwd=_ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(LIMIT_S):
                out, error = await process.communicate(msgspec.msgpack.encode(question))
        except TimeoutError:
            log.error("replay_took_too_long", work_id=question.work_id)
            return ()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            log.error("replay_failed", work_id=question.work_id, error=error.decode(errors="replace")[-2000:])
            return ()
        return decode(out)
