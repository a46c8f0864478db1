"""A caller who waits presses a key to be called back instead, at the same place in the queue. Pure.

They hear that it is promised, and may hang up while they hear it. Until it was said to the end, an agent who is free
takes them as they are: nobody is sent away who could be helped at once.
"""

from collections.abc import Callable

from ivr.speech import digits_prompts
from voice.events import AskCallBack, CallCommand, LeaveForCallBack, Note
from voice.waiting import WaitSound

PROMISED, REFUSED, HINT = "callback-promised", "no-match", "callback-hint"


class CallBackKey:
    """One caller's. `work_id` is the item that was promised to be called back, "" for none."""

    def __init__(self, waiting: WaitSound, play_id: Callable[[str], str]) -> None:
        self._waiting = waiting
        self._play_id = play_id
        self._asked = ""
        self._play = ""
        self._told: str | None = None
        self.work_id = ""

    @property
    def expected(self) -> bool:
        """Whether the caller should be told of the key: once in each queue, unless they have pressed it."""
        known = self._told == self._waiting.queue or self._asked or self.work_id
        return bool(self._waiting.plan.callback_key) and not known

    def hint(self, language: str) -> tuple[str, ...]:
        """What tells them of it."""
        self._told = self._waiting.queue
        return f"{language}/{HINT}", *digits_prompts(language, self._waiting.plan.callback_key)

    def pressed(self, digit: str, work_id: str) -> list[CallCommand]:
        """A key while they wait for the first agent; another than the queue's is without effect."""
        if digit != self._waiting.plan.callback_key or self._asked or self.work_id:
            return []
        self._asked = work_id
        return [AskCallBack(work_id)]

    def answered(self, work_id: str, language: str, *, possible: bool) -> list[CallCommand]:
        """Whether their number can be called at all."""
        if work_id != self._asked:
            return []
        self._asked = ""
        if not possible:
            return [Note("callback_refused"), *self._waiting.say((f"{language}/{REFUSED}",))[1]]
        self.work_id = work_id
        self._play, said = self._waiting.say((f"{language}/{PROMISED}",), quiet=True)
        return [Note("callback_chosen"), *said]

    def said(self, play_id: str) -> list[CallCommand]:
        """The promise was heard to its end: now it holds."""
        return [LeaveForCallBack(self.work_id)] if self.work_id and play_id == self._play else []

    def dropped(self) -> None:
        """It is not to be: somebody is with the caller, or the router has no use for it any more."""
        self._asked = self._play = self.work_id = ""
