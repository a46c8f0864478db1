"""Customers who call: each dials until a node answers, waits, talks until the agent hangs up, and can be called back.

A call whose node is gone is silent; whoever hears nothing for long enough hangs up.
"""

import asyncio
import random
from collections.abc import Sequence

from sip import events as sip
from tests.failure.history import Diary, Entry
from tests.failure.layout import CALL_QUEUES, Layout, number_of
from tests.failure.line import Line

ANSWER_S = 6.0
AGAIN_S = 0.3
PATIENCE_S = 40.0
# Some hang up by themselves, soon.
IMPATIENT, IMPATIENT_S = 0.06, 1.5


class Callers:
    """`async with Callers(...)`, then `call` for each."""

    def __init__(self, layout: Layout, diary: Diary) -> None:
        self._layout = layout
        self._diary = diary
        self._line = Line(layout.host, layout.trunk_port, self._hear)
        self._answers: dict[str, asyncio.Future[bool]] = {}
        self._ends: dict[str, asyncio.Event] = {}
        self._talks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Callers":
        await self._line.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await self._line.__aexit__(*error)

    async def call(self, key: str, number: int) -> None:
        """Until a node has answered and the call is over."""
        dice = random.Random(f"{self._layout.seed} {key}")
        entry, mine = dice.choice(list(CALL_QUEUES)), number_of(number)
        attempt = 0
        while True:
            attempt += 1
            node, at = random.Random(f"{key} {attempt}").choice(list(self._layout.sips.items()))
            call = f"{key}.{attempt}"
            self._diary.write(key, "dialling", node=node, number=mine, queue=CALL_QUEUES[entry], ref=call)
            if await self._answered(key, call, f"sip:{entry}@{at}", mine):
                break
            self._ends.pop(call, None)
            await asyncio.sleep(AGAIN_S)
        self._diary.write(key, "answered", node=node, number=mine, queue=CALL_QUEUES[entry], ref=call)
        impatient = dice.random() < IMPATIENT
        await self._listen(key, call, dice.uniform(0, IMPATIENT_S) if impatient else PATIENCE_S)

    async def _answered(self, key: str, call: str, uri: str, mine: str) -> bool:
        answer = self._answers[call] = asyncio.get_running_loop().create_future()
        self._ends[call] = asyncio.Event()
        self._line.dial(call, uri, mine)
        try:
            async with asyncio.timeout(ANSWER_S):
                return bool(await answer)
        except TimeoutError:
            self._diary.write(key, "failed", ref=call, number=mine, text="no answer")
            self._line.hang_up(call)
            return False
        finally:
            del self._answers[call]

    async def _listen(self, key: str, call: str, patience_s: float) -> None:
        try:
            async with asyncio.timeout(patience_s):
                await self._ends[call].wait()
            self._diary.write(key, "over", ref=call)
        except TimeoutError:
            self._diary.write(key, "hung_up", ref=call)
            self._line.hang_up(call)
        finally:
            del self._ends[call]

    def _hear(self, event: sip.SipEvent) -> None:
        match event:
            case sip.CallAnswered(call=call, sdp=sdp):
                self._line.talks(call, sdp)
                if (answer := self._answers.get(call)) is not None and not answer.done():
                    answer.set_result(True)
                elif call not in self._ends:
                    self._line.hang_up(call)  # too late: nobody waits for it any more
            case sip.CallFailed(call=call, code=code):
                if (answer := self._answers.get(call)) is not None and not answer.done():
                    self._diary.write(call.partition(".")[0], "failed", ref=call, text=str(code))
                    answer.set_result(False)
            case sip.CallEnded(call=call) | sip.CallCancelled(call=call):
                self._line.over(call)
                if (end := self._ends.get(call)) is not None:
                    end.set()
            case sip.CallReceived(call=call, to_user=number, offer=bytes(offer)):
                self._called_back(call, number, offer)
            case _:
                pass

    def _called_back(self, call: str, number: str, offer: bytes) -> None:
        key = f"call-{int(number[-5:])}"
        self._diary.write(key, "called_back", number=number, ref=call)
        self._ends[call] = asyncio.Event()
        if self._line.answer(call, offer):
            task = asyncio.create_task(self._listen(key, call, PATIENCE_S), name=key)
            self._talks.add(task)
            task.add_done_callback(self._talks.discard)


def left_behind(history: Sequence[Entry]) -> list[Entry]:
    """Calls that were under way when the process was killed: their last dialling, answer or call back."""
    under_way: dict[str, Entry] = {}
    for entry in history:
        match entry.what:
            case "dialling" | "answered" | "called_back":
                under_way[entry.ref] = entry
            case "over" | "hung_up" | "failed" | "gone":
                under_way.pop(entry.ref, None)
            case _:
                pass
    return list(under_way.values())
