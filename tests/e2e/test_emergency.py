"""An emergency message reaches who waits and who comes: a prompt for callers, a text for visitors, until it ends."""

from pathlib import Path
from typing import Any

from chat import messages as c
from tests.e2e.callers import calling
from tests.e2e.office import Office
from tests.e2e.server import Server
from tests.e2e.site import MANDARIN
from tests.e2e.visitors import Visitor
from tests.e2e.waiting import wait_until

FIRST, SECOND = "+3225550161", "+3225550162"
TEXTS = {"en": "We are closed: a storm.", "zh-CN": "因暴风雨暂停服务。"}


async def tell(office: Office, rows: dict[str, Any]) -> None:
    version = (await office.get("plans"))["version"]
    status, answer = await office.send("POST", "rules", {"based_on": version, "rows": rows})
    assert status == 200, answer


async def warned(visitor: Visitor, text: str | None) -> None:
    async def shown() -> bool:
        return visitor.status is not None and visitor.status.emergency == text

    await wait_until(shown, 30, f"the page shows {text}")


async def test_callers_who_wait_and_come_hear_it(running_server: Server, office: Office, tmp_path: Path) -> None:
    async with calling(running_server, tmp_path, FIRST, MANDARIN):
        await office.story_has(FIRST, "queued")
        await tell(office, {"queue:orders": {"emergency": {"prompt": "closed"}}})
        await office.story_has(FIRST, "emergency_told")
        async with calling(running_server, tmp_path, SECOND, MANDARIN):
            told = await office.story_has(SECOND, "emergency_told")
            assert "closed" in str(told)
    rows = (await office.get("queues/orders/rules"))["rules"]
    assert rows["emergency"] == {"prompt": "closed"}
    wrong = {"based_on": 10**6, "rules": {"emergency": {"prompt": "no-such"}}}
    assert await office.send("PATCH", "queues/orders/rules", wrong) == (422, "bad-rules")
    await tell(office, {"queue:orders": {"emergency": None}})
    assert "emergency" not in (await office.get("queues/orders/rules"))["rules"]


async def test_visitors_who_wait_and_come_see_it(running_server: Server, office: Office) -> None:
    async with Visitor(running_server) as first, Visitor(running_server, locale="zh-CN") as second:
        await first.open("is anybody there?")
        await tell(office, {"queue:web_chat": {"emergency": {"text": TEXTS}}})
        await warned(first, TEXTS["en"])
        await second.open("你好")
        await warned(second, TEXTS["zh-CN"])
        await tell(office, {"queue:web_chat": {"emergency": None}})
        for visitor in (first, second):
            await warned(visitor, None)
            await visitor.send(c.End())
