"""The agent page in a headless Chromium, against the real endpoint with a scripted gateway; the supervisors' page."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright, expect

from agents_ws.examples import OFFER
from agents_ws.limits import EndpointLimits
from agents_ws.messages import Assignment, CallCommand, Choice, Offer, OfferWithdrawn, Snapshot, Targets, WrapUp
from agents_ws.parts import TargetAgent, TargetQueue
from agents_ws.ports import Refusal
from http_api.static import StaticPages
from router.vocabulary import EndedBy, Medium, Presence, WithdrawReason
from tests.agents_ws.scripted import ScriptedGateway, Stage, now_us, stage
from tests.browser import ARGUMENTS, CHROMIUM
from tests.frontend.board import Board, supervising

FRONTEND = Path(__file__).parents[2] / "frontend"
CHOICES = tuple(
    Choice(id=name, label={"en": en, "zh-CN": cn, "zh-TW": tw})
    for name, en, cn, tw in (
        ("resolved", "Resolved", "已解决", "已解決"),
        ("callback_promised", "Callback promised", "承诺回电", "承諾回電"),
        ("passed_on", "Passed on to the second line", "已转二线", "已轉二線"),
        ("wrong_number", "Wrong number", "打错电话", "打錯電話"),
    )
)
REASONS = tuple(
    Choice(id=name, label={"en": en, "zh-CN": cn, "zh-TW": tw})
    for name, en, cn, tw in (
        ("lunch", "Lunch", "午餐", "午餐"),
        ("short_break", "Short break", "小休", "小休"),
        ("training", "Training", "培训", "培訓"),
    )
)


def wrap_up_of(offer: Offer, seconds: float) -> WrapUp:
    return WrapUp(
        reservation_id=offer.reservation_id,
        interaction_id=offer.interaction_id,
        deadline_us=now_us() + int(seconds * 1_000_000),
        dispositions=CHOICES,
    )


@dataclass
class Desk(ScriptedGateway):
    """Answers as the server would: each request shows its effect through the hub."""

    place: Stage | None = None
    shown: dict[str, Offer] = field(default_factory=dict)

    async def snapshot(self, agent_id: str) -> Snapshot:
        self.calls.append(("snapshot", agent_id))
        await self._pass("snapshot")
        known = self.snapshots.get(agent_id)
        return known or Snapshot(
            presence=Presence.NOT_READY,
            reason="signed_in",
            since_us=now_us() - 65_000_000,
            leg="phone_registered" if self.station == "sip" else "up",
            reasons=REASONS,
            dispositions={"orders": CHOICES},
        )

    async def watch_targets(self, agent_id: str, medium: Medium | None) -> Refusal | None:
        refusal = await super().watch_targets(agent_id, medium)
        if refusal is None and medium is not None:
            self.say(msgspec.structs.replace(FREE_AND_BUSY, medium=medium))
        return refusal

    async def open_leg(self, agent_id: str, sdp: str) -> str | Refusal:
        self.calls.append(("open_leg", agent_id, sdp))
        return Refusal("media_unavailable", "there is no media engine on this stage")

    def offer(self, **changes: object) -> Offer:
        now = now_us()
        assert OFFER.why is not None
        offer = msgspec.structs.replace(
            OFFER,
            **{
                "queued_at_us": now - 42_000_000,
                "deadline_us": now + 20_000_000,
                "why": msgspec.structs.replace(
                    OFFER.why, terms={"load": 0, "proficiency": 8, "idle_since": now - 94_000_000}
                ),
                **changes,
            },
        )
        self.shown[offer.reservation_id] = offer
        self.say(offer)
        return offer

    def assignment(self, offer: Offer, state: str, **changes: object) -> Assignment:
        names = set(Assignment.__struct_fields__) & set(Offer.__struct_fields__)
        fields = {name: getattr(offer, name) for name in names} | {"seq": 0, **changes}
        assignment = Assignment(**fields, state=state, since_us=now_us())  # type: ignore[arg-type]
        self.say(assignment)
        return assignment

    def wrap_up(self, offer: Offer, seconds: float = 30) -> None:
        self.say(wrap_up_of(offer, seconds))

    def end(self, offer: Offer, by: EndedBy, seconds: float = 30) -> None:
        self.assignment(offer, "ended", connected_at_us=now_us() - 75_000_000, by=by)
        self.wrap_up(offer, seconds)

    def withdraw(self, offer: Offer, reason: WithdrawReason) -> None:
        self.say(OfferWithdrawn(reservation_id=offer.reservation_id, reason=reason))

    def say(self, message: object) -> None:
        assert self.place is not None
        self.place.hub.send("ann", message)  # type: ignore[arg-type]

    def break_lines(self) -> None:
        """Every connection ends as if a cable was pulled."""
        assert self.place is not None
        for visit in list(self.place.endpoint._visits):
            transport = visit.socket._request.transport
            assert transport is not None
            transport.abort()

    def steered(self) -> list[CallCommand]:
        """What the call bar asked, without the references."""
        commands: list[Any] = [command for _, command in self.asked("call")]
        return [msgspec.structs.replace(command, ref="") for command in commands]

    def asked(self, method: str) -> list[tuple[object, ...]]:
        return [call[1:] for call in self.calls if call[0] == method]


async def _interaction(request: web.Request) -> web.Response:
    if "Authorization" not in request.headers:
        return web.json_response({"title": "no"}, status=401)
    interaction_id = request.match_info["id"]
    known = request.app[STORIES].get(interaction_id)
    return web.json_response(known) if known else web.json_response({"title": "no"}, status=404)


async def _guidance(request: web.Request) -> web.Response:
    return web.json_response(request.app[GUIDANCE])


async def _nobody(_request: web.Request) -> web.Response:
    return web.json_response({"agents": []})


async def _profile(request: web.Request) -> web.Response:
    known = request.app[PROFILES].get(request.match_info["id"])
    return web.json_response(known) if known else web.json_response({"title": "no"}, status=404)


async def _no_items(_request: web.Request) -> web.Response:
    return web.json_response({"items": []})


async def _own_replies(request: web.Request) -> web.Response:
    """What is kept; nothing more once it is `full`."""
    kept, name = request.app[OWN_REPLIES], request.match_info.get("name", "")
    if request.method == "PUT" and kept.get("full"):
        return web.json_response({"type": "urn:jackfield:too-many"}, status=409)
    if request.method == "PUT":
        kept[name] = {"name": name, **await request.json()}
    elif request.method == "DELETE":
        del kept[name]
    else:
        return web.json_response({"items": list(kept.values())})
    return web.Response(status=204)


async def _none(_request: web.Request) -> web.Response:
    return web.json_response({"notes": [], "mentions": []})


async def _limits(_request: web.Request) -> web.Response:
    return web.json_response({"types": ["image/png"], "max_bytes": 1000, "per_chat": 3})


async def _timeline(request: web.Request) -> web.Response:
    items = [story["record"] for story in request.app[STORIES].values()]
    customer = {"id": request.match_info["id"], "identities": next(iter(request.app[STORIES].values()))["identities"]}
    return web.json_response({"customer": customer, "items": items, "next": None})


@dataclass
class Scene:
    """One browser page signed in (or about to) on a stage."""

    desk: Desk
    place: Stage
    page: Page
    errors: list[str]
    withdrawn: list[str]
    stories: dict[str, Any]
    guidance: dict[str, Any]
    own_replies: dict[str, Any]
    profiles: dict[str, Any]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.place.port}/agent/"

    async def open(self) -> None:
        await self.page.goto(self.url)

    async def sign_in(self) -> None:
        await self.open()
        await self.page.locator("input[name=account]").fill("ann")
        await self.page.locator("input[name=password]").fill("right")
        await self.page.locator("form button").click()
        await expect(self.page.locator(".bar")).to_be_visible()


async def _session(request: web.Request) -> web.Response:
    given = await request.json()
    if given["password"] != "right":  # the demo's only password here
        return web.json_response({"title": "no"}, status=429 if given["password"] == "again" else 401)
    agent = None if given["account"] == "boss" else given["account"]
    return web.json_response({"token": f"token:{given['account']}", "agent_id": agent}, status=201)


async def _end_session(request: web.Request) -> web.Response:
    request.app[WITHDRAWN].append(request.headers["Authorization"])
    return web.Response(status=204)


WITHDRAWN = web.AppKey("withdrawn", list)
STORIES = web.AppKey("stories", dict)
OWN_REPLIES = web.AppKey("own_replies", dict)
GUIDANCE = web.AppKey("guidance", dict)
PROFILES = web.AppKey("profiles", dict)
_ORDERS = {"en": "Orders", "zh-CN": "订单", "zh-TW": "訂單"}
_AFTER_SALES = {"en": "After sales", "zh-CN": "售后", "zh-TW": "售後"}
FREE_AND_BUSY = Targets(
    medium=Medium.VOICE,
    agents=(
        TargetAgent(agent_id="dora", name="Dora Busy", availability="busy"),
        TargetAgent(agent_id="nils", name="Nils Away", availability="not_ready"),
        TargetAgent(agent_id="otto", name="Otto Gone", availability="offline"),
        TargetAgent(agent_id="ben", name="Ben Free", availability="free"),
    ),
    queues=(
        TargetQueue(queue="orders", title="Orders", waiting=2, free=0, titles=_ORDERS),
        TargetQueue(queue="after_sales", title="After sales", waiting=0, free=3, titles=_AFTER_SALES),
    ),
    whole=True,
)


@pytest.fixture
def limits() -> EndpointLimits:
    return EndpointLimits()


@pytest.fixture
def locale() -> str:
    return "en-GB"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def scene(browser: Browser, limits: EndpointLimits, locale: str) -> AsyncIterator[Scene]:
    app = web.Application()
    app[WITHDRAWN] = []
    app[STORIES] = {}
    app.router.add_get("/api/v1/interactions/{id}", _interaction)
    app[GUIDANCE] = {"site": "", "replies": [], "scripts": {}}
    app.router.add_get("/api/v1/guidance", _guidance)
    app.router.add_get("/api/v1/chat-files/limits", _limits)
    app.router.add_get("/api/v1/interactions/{id}/notes", _none)
    app.router.add_get("/api/v1/mentions", _none)
    app.router.add_get("/api/v1/colleagues", _nobody)
    app[PROFILES] = {}
    app.router.add_get("/api/v1/customers/{id}", _profile)
    app.router.add_get("/api/v1/follow-ups", _no_items)
    app[OWN_REPLIES] = {}
    app.router.add_get("/api/v1/own-replies", _own_replies)
    app.router.add_put("/api/v1/own-replies/{name}", _own_replies)
    app.router.add_delete("/api/v1/own-replies/{name}", _own_replies)
    app.router.add_get("/api/v1/customers/{id}/timeline", _timeline)
    app.router.add_post("/api/v1/session", _session)
    app.router.add_delete("/api/v1/session", _end_session)
    StaticPages(FRONTEND).add_to(app)
    desk = Desk()
    async with stage(limits, gateway=desk, app=app) as place:
        desk.place = place
        page = await browser.new_page(locale=locale, viewport={"width": 1280, "height": 860})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.set_default_timeout(30_000)
        expect.set_options(timeout=30_000)
        yield Scene(desk, place, page, errors, app[WITHDRAWN], app[STORIES], app[GUIDANCE], app[OWN_REPLIES], app[PROFILES])
        await page.context.close()
    assert [error for error in errors if not re.search(r"status of (401|404|429)|ERR_CONNECTION_REFUSED", error)] == []


@pytest.fixture
def board() -> Board:
    return Board()


@pytest_asyncio.fixture
async def page(board: Board) -> AsyncIterator[Page]:
    """The supervisors' page against that board."""
    async with supervising(board) as page:
        yield page
