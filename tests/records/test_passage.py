"""A thread with a connection: it begins with the first work, and ends when it is closed."""

import asyncio
import threading
import weakref
from pathlib import Path

from sqlalchemy.engine import make_url

from records.passage import Passage
from tests.waiting import until


def passage(folder: Path) -> Passage:
    return Passage(make_url(f"sqlite:///{folder / 'a.db'}"), ("cache_size=-4321",), {}, "a passage")


async def test_what_was_not_used_has_no_thread_and_no_file(tmp_path: Path) -> None:
    await passage(tmp_path).close()
    assert not list(tmp_path.iterdir())


async def test_what_comes_of_a_lot_is_told_in_the_loop(tmp_path: Path) -> None:
    made, told = passage(tmp_path), asyncio.get_running_loop().create_future()

    def do() -> tuple[str, object]:
        found = made.connection().exec_driver_sql("PRAGMA cache_size").scalar()
        return threading.current_thread().name, found

    made.send(do, told.set_result)
    assert await told == ("a passage", -4321)
    await made.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "a passage"]


def test_a_loop_that_has_ended_is_no_trouble(tmp_path: Path) -> None:
    made, gate = passage(tmp_path), threading.Event()

    async def ask() -> None:
        made.send(lambda: gate.wait(30), lambda _: None)

    asyncio.run(ask())
    gate.set()
    asyncio.run(made.close())


async def test_what_came_of_a_lot_is_not_kept_until_the_next(tmp_path: Path) -> None:
    class Found:
        """What somebody looked for."""

    made, told = passage(tmp_path), asyncio.get_running_loop().create_future()
    made.send(Found, told.set_result)
    kept = weakref.ref(await told)
    del told
    await until(lambda: kept() is None)
    await made.close()
