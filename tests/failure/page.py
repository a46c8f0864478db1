"""An agent's page without a screen: what it shows follows from the messages, what its agent does from what it shows."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import assert_never

import aiohttp

from agents_ws import messages as m
from router.vocabulary import Medium
from tests.failure.agent_chats import GOODBYE, Chats
from tests.failure.history import Diary, What, now_us
from tests.failure.layout import PERSONAL

# A node that says nothing for so long is as good as dead: the agent goes to another.
PATIENCE_S = 3.0
ASK_EVERY_S = 0.5
REFUSED_PAUSE_S = 0.2
ACK_EVERY = 8
REJECTS, IGNORES, BREAKS = 0.03, 0.005, 0.01
REASON = "lunch"
BREAK_S = 1.0
# A call is longer than the reading of a letter.
TALK_TIMES = 50
THINK_S = 0.3
DISPOSITIONS = ("resolved", "refund")


class Page:
    """`serve` one connection after the other; what it shows outlives a connection, as a page's screen does."""

    def __init__(self, account: str, diary: Diary, dice: random.Random, handle_s: float) -> None:
        self._account = account
        self._diary = diary
        self._dice = dice
        self._handle_s = handle_s
        self._began, self._refs = now_us(), 0
        self._node, self._session, self._seq = "", "", 0
        self._offers: dict[str, m.Offer] = {}
        self._talks: dict[str, m.Assignment] = {}
        self._wrap_ups: dict[str, m.WrapUp] = {}
        self._items: dict[str, str] = {}
        self._media: dict[str, str] = {}
        self._chats = Chats()
        self._presence, self._reason = "", ""
        # Requests without an answer, by ref: since when, and what is asked again should the session be resumed.
        self._pending: dict[str, tuple[float, m.ClientMessage]] = {}
        # What was seen to already, and by which request.
        self._seen_to: set[str] = set()
        self._marks: dict[str, str] = {}
        self._bye: m.ByeCode | None = None
        self._served = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, ws: aiohttp.ClientWebSocketResponse, token: str, node: str) -> m.ByeCode | None:
        """Returns when the connection is closed: what the server said last. Raises TimeoutError for a silent node."""
        self._ws, self._bye = ws, None
        self._heard_at = asyncio.get_running_loop().time()
        again = node == self._node and self._session
        hello = m.Hello(token=token, session=self._session, last_seq=self._seq) if again else m.Hello(token=token)
        self._node = node
        # What nobody was asked for yet is seen to anew.
        self._seen_to = set(self._marks.values())
        await self._send(hello)
        both = {asyncio.create_task(self._read(), name="read"), asyncio.create_task(self._watch(), name="watch")}
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (*both, *self._tasks):
                task.cancel()
            await asyncio.gather(*both, *self._tasks, return_exceptions=True)
        return self._bye

    def forget_served(self) -> bool:
        """Whether there was an answer since this was last asked."""
        served, self._served = self._served, False
        return served

    async def _read(self) -> None:
        async for raw in self._ws:
            if raw.type is not aiohttp.WSMsgType.TEXT:
                continue
            self._heard_at = asyncio.get_running_loop().time()
            message = m.decode_server(raw.data)
            if isinstance(message, m.NumberedMessage):
                self._seq = message.seq
                if message.seq % ACK_EVERY == 0:
                    await self._send(m.Ack(seq=message.seq))
            await self._take(message)
            await self._act()

    async def _watch(self) -> None:
        """Raises TimeoutError where nothing comes, or a request has no answer."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            oldest = min((since for since, _ in self._pending.values()), default=loop.time())
            if loop.time() - min(self._heard_at, oldest) > PATIENCE_S:
                raise TimeoutError
            await self._send(m.Ping(ref="p"))

    # --- what it shows -------------------------------------------------------------------------------------------

    async def _take(self, message: m.ServerMessage) -> None:
        match message:
            case m.Welcome():
                self._session, self._served = message.session, True
                self._note("connected", node=self._node, resumed=message.resumed)
                if message.resumed:
                    await self._ask_again()
            case m.Snapshot():
                self._show(message)
            case m.PresenceShown():
                self._presence, self._reason = message.presence.value, message.reason or ""
                self._note("presence", presence=self._presence, reason=self._reason)
            case m.Bye():
                self._bye = message.code
            case m.Done() | m.Refused():
                self._answered(message)
            case _:
                self._take_work(message)

    def _take_work(self, message: m.ServerMessage) -> None:
        match message:
            case m.Offer(reservation_id=one):
                self._offers[one] = message
                self._note_offer(message)
            case m.ChatMessage(reservation_id=one):
                self._heard(one, self._chats.take(one, message))
            case m.OfferWithdrawn(reservation_id=one):
                self._offers.pop(one, None)
                self._talks.pop(one, None)
                self._note("withdrawn", reservation=one, text=message.reason.value)
            case m.Assignment(reservation_id=one):
                self._offers.pop(one, None)
                self._talks[one] = message
                self._know(message)
                self._note_card("assigned", message, text=_stage(message))
            case m.WrapUp(reservation_id=one):
                self._talks.pop(one, None)
                self._wrap_ups[one] = message
                self._items[one] = message.interaction_id
                self._note("wrap_up", reservation=one, interaction=message.interaction_id)
            case m.WrapUpEnded(reservation_id=one):
                self._talks.pop(one, None)
                self._wrap_ups.pop(one, None)
                self._note("wrap_up_ended", reservation=one, disposition=message.disposition or "")
            case _:
                pass

    def _show(self, snapshot: m.Snapshot) -> None:
        self._offers = {one.reservation_id: one for one in snapshot.offers}
        self._talks = {one.reservation_id: one for one in snapshot.assignments}
        self._wrap_ups = {one.reservation_id: one for one in snapshot.wrap_ups}
        for one in self._wrap_ups:
            self._talks.pop(one, None)
        self._pending.clear()
        self._seen_to.clear()
        self._marks.clear()
        self._presence, self._reason = snapshot.presence.value, snapshot.reason or ""
        stages = dict.fromkeys(self._offers, "offered")
        stages |= {one: _stage(card) for one, card in self._talks.items()}
        stages |= dict.fromkeys(self._wrap_ups, "wrap_up")
        for offer in snapshot.offers:
            self._know(offer)
        for talk in snapshot.assignments:
            self._know(talk)
        self._items |= {one: card.interaction_id for one, card in self._wrap_ups.items()}
        held = tuple((one, stage, self._media.get(one, "")) for one, stage in stages.items())
        self._note("snapshot", presence=self._presence, reason=self._reason, held=held)
        for offer in snapshot.offers:
            self._note_offer(offer)
        for card in self._talks.values():
            self._note_card("assigned", card, text=_stage(card))

    def _note_offer(self, offer: m.Offer) -> None:
        self._know(offer)
        self._note_card("offered", offer, offered_us=offer.deadline_us - 1000 * offer.timeout_ms)

    def _know(self, card: m.Offer | m.Assignment) -> None:
        one = card.reservation_id
        self._items[one], self._media[one] = card.interaction_id, card.medium.value
        if card.chat is not None:
            for line in card.chat.lines:
                self._heard(one, self._chats.take(one, line))

    def _note_card(self, what: What, card: m.Offer | m.Assignment, **fields: object) -> None:
        one, number = card.reservation_id, card.caller.number
        item, medium = card.interaction_id, card.medium.value
        self._note(what, reservation=one, interaction=item, medium=medium, number=number, **fields)

    def _heard(self, one: str, line: m.ChatLine | m.ChatMessage | None) -> None:
        """A line that was not on the page yet, or is another than it was."""
        if line is not None:
            self._note(
                "heard",
                reservation=one,
                interaction=self._items.get(one, ""),
                line=line.number,
                author=line.author,
                client_id=line.client_id or "" if line.author == "agent" else "",
                text=line.text,
            )

    def _answered(self, message: m.Done | m.Refused) -> None:
        self._pending.pop(message.ref, None)
        mark = self._marks.pop(message.ref, "")
        if isinstance(message, m.Done):
            self._note("done", ref=message.ref)
            if mark == "presence":
                self._seen_to.discard(mark)
        else:
            self._note("refused", ref=message.ref, text=message.code)
            self._later(REFUSED_PAUSE_S, lambda: self._see_to_again(mark))

    # --- what its agent does -------------------------------------------------------------------------------------

    async def _act(self) -> None:
        """Whatever the page asks for now, each once."""
        for one, offer in list(self._offers.items()):
            meant = offer.queue == PERSONAL
            if offer.medium is Medium.VOICE:
                continue  # the telephone rings
            if self._once(f"offer {one}") and (meant or self._dice.random() > IGNORES):
                kind = m.Reject if self._dice.random() < REJECTS and not meant else m.Accept
                await self._about(kind(ref=self._ref(), reservation_id=one), f"offer {one}")
        for one, talk in list(self._talks.items()):
            if talk.state != "connected":
                continue
            if talk.medium is Medium.CHAT:
                await self._chat(one)
            elif self._once(f"talk {one}"):
                times = TALK_TIMES if talk.medium is Medium.VOICE else 1
                self._later(self._dice.uniform(0.5, 1.5) * times * self._handle_s, partial(self._hang_up, one))
        for one in list(self._wrap_ups):
            if self._once(f"wrap-up {one}"):
                done = m.FinishWrapUp(ref=self._ref(), reservation_id=one, disposition=self._dice.choice(DISPOSITIONS))
                await self._about(done, f"wrap-up {one}")
        if self._presence == "not_ready" and self._once("presence"):
            self._later(BREAK_S if self._reason == REASON else 0.0, lambda: self._declare("ready"))
        elif self._presence == "ready" and self._dice.random() < BREAKS and self._once("presence"):
            await self._declare("not_ready")

    async def _chat(self, one: str) -> None:
        """Whatever the visitor has said is answered; a goodbye ends the chat."""
        line = self._chats.unanswered(one)
        if line is None:
            return
        if GOODBYE in line.text:
            if self._once(f"talk {one}"):
                await self._hang_up(one)
        elif self._once(f"answer {one} {line.number}"):
            self._later(self._dice.uniform(0, THINK_S), partial(self._answer, one, line.number, line.text))

    async def _answer(self, one: str, number: int, asked: str) -> None:
        text, client_id = f"{self._account} on {number}: {asked}", f"{self._account}-{number}"
        say = m.SayInChat(ref=self._ref(), reservation_id=one, client_id=client_id, text=text)
        item = self._items.get(one, "")
        self._note("saying", ref=say.ref, reservation=one, interaction=item, client_id=client_id, text=text)
        await self._ask(say, f"answer {one} {number}")

    def _once(self, mark: str) -> bool:
        fresh = mark not in self._seen_to
        self._seen_to.add(mark)
        return fresh

    async def _see_to_again(self, mark: str) -> None:
        self._seen_to.discard(mark)
        await self._act()

    async def _hang_up(self, one: str) -> None:
        await self._about(m.HangUp(ref=self._ref(), reservation_id=one), f"talk {one}")

    async def _about(self, message: m.Accept | m.Reject | m.HangUp | m.FinishWrapUp, mark: str) -> None:
        one = message.reservation_id
        disposition = message.disposition or "" if isinstance(message, m.FinishWrapUp) else ""
        self._note(
            "asked",
            ref=message.ref,
            command=type(message).__name__,
            reservation=one,
            interaction=self._items.get(one, ""),
            disposition=disposition,
        )
        await self._ask(message, mark)

    async def _declare(self, presence: str) -> None:
        reason = REASON if presence == "not_ready" else None
        message = m.SetPresence(
            ref=self._ref(), presence="ready" if presence == "ready" else "not_ready", reason=reason
        )
        self._note("asked", ref=message.ref, command="SetPresence", presence=presence, reason=reason or "")
        await self._ask(message, "presence")

    async def _ask(self, message: m.Command, mark: str) -> None:
        self._pending[message.ref] = asyncio.get_running_loop().time(), message
        self._marks[message.ref] = mark
        await self._send(message)

    async def _ask_again(self) -> None:
        now = asyncio.get_running_loop().time()
        self._pending = {ref: (now, message) for ref, (_, message) in self._pending.items()}
        for _, message in list(self._pending.values()):
            await self._send(message)

    def _ref(self) -> str:
        self._refs += 1
        return f"{self._began}-{self._refs}"

    async def _send(self, message: m.ClientMessage) -> None:
        with suppress(ConnectionError):
            await self._ws.send_str(m.encode(message).decode())

    def _later(self, delay_s: float, what: Callable[[], Awaitable[None]]) -> None:
        async def wait() -> None:
            await asyncio.sleep(delay_s)
            await what()

        task = asyncio.create_task(wait(), name="later")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _note(self, what: What, **fields: object) -> None:
        self._diary.write(self._account, what, **fields)


def _stage(assignment: m.Assignment) -> str:
    match assignment.state:
        case "accepted" | "connected" | "ended":
            return assignment.state
        case "held":
            return "connected"
        case _:
            assert_never(assignment.state)
