"""The door outside of the hours: a notice or a message, over plain requests as pages make them."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp

from chat import messages as c
from router import events as facts
from tests.chat.house import ORIGIN, House, house
from tests.chat.pages import KEY


async def ask(place: House, method: str, path: str, body: Any = None, origin: str = ORIGIN) -> tuple[int, Any]:
    url, headers = f"{place.url}/chat/v1/{path}", {"Origin": origin}
    async with aiohttp.ClientSession() as http, http.request(method, url, json=body, headers=headers) as answer:
        return answer.status, await answer.json() if answer.content_length else None


def message(**more: Any) -> dict[str, Any]:
    return {"entry": "night", "key": KEY, "text": " Call me <b>back</b> ", "contact": "+86138", "name": "Vera", **more}


async def test_what_a_page_shows(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        assert await ask(place, "GET", "entries/web") == (200, {"open": True})
        status, state = await ask(place, "GET", "entries/night")
        assert (status, state["open"], state["leave_message"], state["holiday"]) == (200, False, True, "holiday of day")
        assert state["opens_at_us"] > 0
        assert (await ask(place, "GET", "entries/notice"))[1].get("leave_message") is None
        place.is_day = True
        assert await ask(place, "GET", "entries/night") == (200, {"open": True})
        assert (await ask(place, "GET", "entries/gone"))[0] == 404
        assert (await ask(place, "GET", "entries/night", origin="https://evil.example"))[0] == 403


async def test_no_chat_opens_outside_of_the_hours(tmp_path: Path) -> None:
    async with house(tmp_path) as place, place.page() as page:
        await page.say(c.Open(entry="night", key=KEY, question="hello"))
        assert (await page.until(c.Refused)).code == "outside_hours"
        assert place.conductor.counts["chats"] == 0


async def test_a_message_is_kept_once_and_is_an_interaction(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        left = message(visitor_id="v" * 16, locale="zh-CN")
        for _ in range(2):
            assert await ask(place, "POST", "left-messages", left) == (204, None)
        (kept,) = place.mailbox.kept
        assert (kept.queue, kept.name, kept.contact, kept.locale) == ("web_chat", "Vera", "+86138", "zh-CN")
        assert kept.text == "Call me <b>back</b>"
        told = [event for event in place.router.events if getattr(event, "interaction_id", "") == kept.interaction_id]
        assert [type(event) for event in told] == [
            facts.InteractionOpened,
            facts.InteractionNoted,
            facts.InteractionClosed,
        ]
        identity = place.known.opened[kept.interaction_id]
        assert identity is not None
        assert (identity.kind, identity.value, place.known.over) == ("visitor", "v" * 16, [kept.interaction_id])


async def test_a_message_that_comes_again_while_it_is_kept_is_one(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        place.mailbox.slow_s = 0.1
        answers = await asyncio.gather(*(ask(place, "POST", "left-messages", message()) for _ in range(3)))
        assert answers == [(204, None)] * 3
        assert len(place.mailbox.kept) == 1


async def test_what_is_not_taken(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        wrong: tuple[tuple[dict[str, Any], int, str], ...] = (
            ({"entry": "web"}, 409, "no_messages"),
            ({"entry": "notice"}, 409, "no_messages"),
            ({"entry": "gone"}, 404, "unknown_entry"),
            ({"text": " \n"}, 400, "empty"),
            ({"text": "x" * 5000}, 400, "too_long"),
            ({"contact": "x" * 65}, 400, "bad_request"),
            ({"user": {"id": "u1", "proof": "0" * 64}}, 403, "bad_proof"),
        )
        for fields, status, code in wrong:
            answer = await ask(place, "POST", "left-messages", message(**fields))
            assert (answer[0], answer[1]["code"]) == (status, code), fields
        place.mailbox.away = True
        assert (await ask(place, "POST", "left-messages", message()))[0] == 503
        place.mailbox.away = False
        assert (await ask(place, "POST", "left-messages", message()))[0] == 204, "the same key, now that it can be kept"
        place.is_day = True
        assert (await ask(place, "POST", "left-messages", message(key="n" * 22)))[0] == 409
