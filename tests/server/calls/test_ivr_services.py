"""The parts behind flows' requests, put together."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from config.site import LookUpConfig
from ivr.commands import RequestCallback
from records.follow_ups import FollowUps
from server.calls.ivr_services import CallbackBook, ivr_services, look_up_tokens
from tests.databases import migrated
from tests.server.house import House
from voice.requests import RequestError

SHOP = LookUpConfig("shop", "http://127.0.0.1:1", 1024, "SHOP_TOKEN")
OPEN = LookUpConfig("open", "http://127.0.0.1:1", 1024, "")


def test_tokens_come_from_the_environment() -> None:
    services = {"shop": SHOP, "open": OPEN}
    assert look_up_tokens(services, {"SHOP_TOKEN": "secret", "OTHER": "x"}) == {"shop": "secret"}
    assert look_up_tokens(services, {}) == {}


async def test_callbacks_are_written_down_and_impossible_numbers_refused(tmp_path: Path) -> None:
    database = await migrated(tmp_path / "records.db")
    try:
        kept = FollowUps(database)
        book = CallbackBook(kept, lambda: 5)
        await book.requested("i1", RequestCallback(1, "orders", "12345", (), ("a", "b"), "en"))
        (one,) = await kept.list("callback")
        assert (one.queue, one.number, one.path, one.created_at) == ("orders", "12345", "a > b", 5)
        with pytest.raises(RequestError, match="no_number"):
            await book.requested("i1", RequestCallback(1, "orders", "", (), (), "en"))
    finally:
        await database.close()


async def test_all_three_are_there_and_closed(house: House, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        services = await ivr_services(
            house.current,
            house.engine,
            FollowUps(house.database),
            tmp_path / "messages",
            house.contexts,
            house.tasks,
            stack,
        )
        await services.callbacks.requested("i1", RequestCallback(1, "orders", "1", (), (), "en"))
        await services.voicemails.drop("i1")
