"""Files of chats on the server: the agents' way to them, and what is not to be kept any longer."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from chat.file_rest import file_response, sent
from chat.files import FileDesk
from chat.ports import ChatRefusedError, StoreAwayError
from chat.rest import STATUS_OF
from chat.vault import Vault
from http_api.chat_files_api import FileLimits, SentFile
from http_api.interactions_api import file_part
from http_api.problems import ProblemError
from records.chat_files import ChatFile, ChatFiles
from records.messages import Message
from server.chats.chat_acts import Say
from server.chats.chat_homes import ChatHomes

log = structlog.get_logger(__name__)

SWEEP_EVERY_S = 3600.0
BATCH = 500


class AgentFiles:
    """http_api.chat_files_api.ChatFiles."""

    def __init__(self, homes: ChatHomes, desk: FileDesk) -> None:
        self._homes = homes
        self._desk = desk

    def limits(self) -> FileLimits:
        """What may be sent now."""
        limits = self._desk.limits
        if limits is None:
            return FileLimits(types=(), max_bytes=0, per_chat=0)
        return FileLimits(types=limits.types, max_bytes=limits.max_bytes, per_chat=limits.per_chat)

    def serves(self, agent_id: str, interaction_id: str) -> bool:
        """Whether the chat is that agent's at this moment."""
        held = self._homes.index.held(interaction_id)
        return held is not None and held.talking and held.agent_id == agent_id

    async def send(self, agent_id: str, interaction_id: str, request: web.Request) -> SentFile:
        """Takes the body as a file of the chat."""
        reservation_id = request.query.get("reservation_id", "")

        async def say(file: ChatFile) -> Message:
            said = Say(agent_id=agent_id, reservation_id=reservation_id, client_id=client_id, file=file)
            return await self._homes.by_reservation(said, Message)

        try:
            held = self._homes.index.held(interaction_id)
            if held is None or (held.agent_id, held.reservation_id) != (agent_id, reservation_id):
                raise ChatRefusedError("not_connected", "this chat is not yours by that reservation")
            client_id, name, pieces, length = sent(request)
            message = await self._desk.receive(interaction_id, name, pieces, length, say)
        except ChatRefusedError as error:
            raise _problem(error) from None
        except StoreAwayError:
            raise _AWAY from None
        file = file_part(message.file)
        if file is None:
            raise ProblemError(409, "said-already", "A message without a file has this client_id.")
        return SentFile(number=message.number, at=message.at, file=file)

    async def fetch(self, interaction_id: str, file_id: str) -> web.StreamResponse:
        """The file, to be saved."""
        try:
            return file_response(*await self._desk.open(interaction_id, file_id))
        except ChatRefusedError as error:
            raise _problem(error) from None
        except StoreAwayError:
            raise _AWAY from None


_AWAY = ProblemError(503, "unavailable", "The records cannot be reached now.")


def _problem(error: ChatRefusedError) -> ProblemError:
    return ProblemError(STATUS_OF[error.code], error.code.replace("_", "-"), str(error))


class FileKeeper:
    """Throws away what is past its time, and what no chat knows of. `keep_us` is how long a file is kept."""

    def __init__(self, vault: Vault, records: ChatFiles, keep_us: Callable[[], int], now: Callable[[], int]) -> None:
        self._vault = vault
        self._records = records
        self._keep_us = keep_us
        self._now = now
        self._closed = asyncio.Event()

    async def run(self) -> None:
        """At the start, and every hour from then on, until `close`."""
        while not self._closed.is_set():
            try:
                await self.sweep()
            except (SQLAlchemyError, OSError) as error:
                log.warning("chat_files_not_swept", error=type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_EVERY_S):
                    await self._closed.wait()

    def close(self) -> None:
        """`run` returns."""
        self._closed.set()

    async def sweep(self) -> None:
        """The record goes first: a file without one is thrown away by the next sweep."""
        while gone := await self._records.older(self._now() - self._keep_us(), BATCH):
            await self._records.retire(gone, self._now())
            for file_id in gone:
                await self._vault.remove(file_id)
            log.info("chat_files_retired", files=len(gone))
        stale = await self._vault.stale()
        for start in range(0, len(stale), BATCH):
            for file_id in await self._records.unknown(stale[start : start + BATCH]):
                await self._vault.remove(file_id)
