"""What a caller typed: a number as it grows, and the keys that wait for the questions to come.

Callers who know the menu can type ahead (VoiceXML 2.0, section 4.1.5, has the same rule).
"""

from enum import Enum, auto

from ivr import flow as f

MAX_TYPED_AHEAD = 32


class Number(Enum):
    """What a key made of the number that is asked for. STARTED_OVER: it is empty again."""

    BEGUN = auto()
    STARTED_OVER = auto()
    COMPLETE = auto()


class Keys:
    """`ahead` are the keys that no question has used yet, oldest first; `number` the digits for the one being asked."""

    def __init__(self) -> None:
        self.ahead = ""
        self.number = ""
        self._late_terminator: tuple[str, int] = ("", 0)

    def ignored(self, digit: str, now: int) -> bool:
        """No telephone's key, or a terminator, once, right after a number that was complete without it."""
        terminator, until = self._late_terminator
        self._late_terminator = ("", 0)
        return digit not in f.DIGITS or (digit == terminator and now < until)

    def keep(self, digit: str) -> None:
        """For the questions to come; what is too much is lost."""
        self.ahead = (self.ahead + digit)[:MAX_TYPED_AHEAD]

    def next(self) -> str:
        """The oldest key that waits. Raises IndexError when none does."""
        key, self.ahead = self.ahead[0], self.ahead[1:]
        return key

    def gather(self, node: f.Collect, digit: str, now: int) -> Number:
        """One key for the number that `node` asks for; COMPLETE says that it is over, not that it is long enough."""
        if digit == node.terminator:
            return Number.COMPLETE
        if digit in "*#":
            # A key that is no digit means "I mistyped".
            self.number = ""
            return Number.STARTED_OVER
        self.number += digit
        if len(self.number) < node.max_length:
            return Number.BEGUN
        # Many press the terminator by habit after a number that was complete without it; it is not for the next menu.
        self._late_terminator = ("" if self.ahead else node.terminator, now + node.inter_digit_us)
        self.ahead = self.ahead.removeprefix(node.terminator)
        return Number.COMPLETE
