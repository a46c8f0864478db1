"""The IVR machine: walks one caller through one flow. Pure: events and times in, commands out.

`now` is UTC in integer microseconds since 1970 (the shard's clock), because business hours are judged by it.

A key pressed early is not lost: it cuts short or skips every prompt that may be interrupted and answers the next
question, so that callers who know the menu can type ahead (VoiceXML 2.0, section 4.1.5, has the same rule). A prompt
without barge-in throws away what was typed before and during it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from ivr import flow as f
from ivr.commands import (
    CallerLeft,
    Digit,
    Enqueue,
    Hangup,
    IvrCommand,
    IvrEvent,
    Note,
    NoteKind,
    Play,
    PromptFinished,
    SetLanguage,
    StopPlay,
)
from ivr.speech import digits_prompts
from ivr.transitions import TRANSITIONS, Phase, Trigger

# A prompt whose end is never reported must not hold the caller for ever.
PROMPT_LIMIT_US = 120 * f.SECOND_US
# Somebody who circles through menus all day holds a line and fills the record: enough for any honest caller.
MAX_STEPS = 200


@dataclass(frozen=True, slots=True)
class IvrContext:
    """What a flow asks of the world: `is_open(calendar, now_utc_us)`."""

    is_open: Callable[[str, int], bool]


class IvrMachine:
    """One caller in one flow, which `parse_flow` found without mistakes.

    After each call the machine either has ended or has a deadline. Everything after the end is ignored.
    """

    def __init__(self, flow: f.Flow, context: IvrContext) -> None:
        self._flow = flow
        self._context = context
        self._phase = Phase.NEW
        self._node: f.Node = flow.nodes[flow.start]
        self._out: list[IvrCommand] = []
        self._deadline: int | None = None
        self._play_id = 0
        self._key = ""
        self._gathered = ""
        self._no_input = 0
        self._no_match = 0
        self._late_terminator: tuple[str, int] = ("", 0)
        self._steps = 0
        self._language = flow.language
        self._requirements: dict[str, int] = {}
        self._priority = 0
        self._data: dict[str, str] = {}
        self._path: list[str] = []

    @property
    def phase(self) -> Phase:
        """What the machine waits for."""
        return self._phase

    @property
    def node(self) -> str:
        """The name of the node where the caller is."""
        return self._node.name

    @property
    def ended(self) -> bool:
        """Whether the caller has left the IVR, whichever way."""
        return self._phase is Phase.ENDED

    def next_deadline(self) -> int | None:
        """When `expire` must be called, in microseconds; None before the start and after the end."""
        return self._deadline

    def start(self, now: int) -> list[IvrCommand]:
        """Begins the flow. Raises RuntimeError when it has begun already."""
        if self._phase is not Phase.NEW:
            raise RuntimeError("the flow has begun already")
        self._out.append(SetLanguage(self._language))
        self._walk(self._flow.start, now)
        return self._done(Phase.NEW, Trigger.STARTED)

    def handle(self, event: IvrEvent, now: int) -> list[IvrCommand]:
        """Takes one event; returns what to do, in order."""
        before = self._phase
        if before is Phase.ENDED or (before is Phase.NEW and not isinstance(event, CallerLeft)):
            return []
        match event:
            case Digit():
                self._digit(event.digit, now)
                return self._done(before, Trigger.DIGIT)
            case PromptFinished():
                if event.play_id != self._play_id or before not in (Phase.SPEAKING, Phase.PROMPTING):
                    return []
                self._prompt_finished(now)
                return self._done(before, Trigger.PROMPT_FINISHED)
            case CallerLeft():
                self._note("left")
                self._end()
                return self._done(before, Trigger.CALLER_LEFT)
            case _:
                assert_never(event)

    def expire(self, now: int) -> list[IvrCommand]:
        """Acts on the deadline when it has passed."""
        if self._deadline is None or now < self._deadline:
            return []
        before = self._phase
        match before, self._node:
            case ((Phase.SPEAKING | Phase.PROMPTING), _):
                self._out.append(StopPlay(self._play_id))
                self._prompt_finished(now)
            case Phase.LISTENING, f.Menu() | f.Collect() as node:
                self._walk(self._missing(node, now), now)
            case Phase.GATHERING, f.Collect() as node:
                self._walk(self._complete(node, now), now)
            case _:
                raise AssertionError(f"{before} at {self.node} has no deadline")
        return self._done(before, Trigger.TIMED_OUT)

    def _done(self, before: Phase, trigger: Trigger) -> list[IvrCommand]:
        if self._phase not in TRANSITIONS[before, trigger]:
            raise AssertionError(f"{before} -> {self._phase} by {trigger} is not in the table")
        out, self._out = self._out, []
        return out

    def _digit(self, digit: str, now: int) -> None:
        terminator, until = self._late_terminator
        self._late_terminator = ("", 0)
        if digit not in f.DIGITS or (digit == terminator and now < until):
            return
        if self._phase in (Phase.SPEAKING, Phase.PROMPTING):
            if not self._interruptible():
                return
            self._out.append(StopPlay(self._play_id))
        self._key = digit
        if self._phase in (Phase.SPEAKING, Phase.PROMPTING):
            self._prompt_finished(now)
        else:
            self._walk("", now)

    def _interruptible(self) -> bool:
        match self._node:
            case f.Play() | f.Menu() | f.Collect():
                return self._node.barge_in
            case _:
                return False

    def _prompt_finished(self, now: int) -> None:
        match self._phase, self._node:
            case Phase.PROMPTING, f.Menu() | f.Collect() as node:
                self._listen(node, now)
                self._walk("", now)
            case Phase.SPEAKING, f.Play() | f.Collect() as node:
                self._walk(node.next, now)
            case Phase.SPEAKING, f.Goodbye() as node:
                self._hang_up(node.outcome)
            case _:
                raise AssertionError(f"{self._phase} at {self.node} plays nothing")

    def _walk(self, target: str, now: int) -> None:
        """Enters `target` and goes on, using the key that was pressed, until something outside is waited for."""
        while target or (self._key and self._phase in (Phase.LISTENING, Phase.GATHERING)):
            if self._steps >= MAX_STEPS:
                self._hang_up("too_many_steps")
                return
            if target:
                self._steps += 1
                self._node = self._flow.nodes[target]
                target = self._enter(now)
            else:
                key, self._key = self._key, ""
                target = self._feed(key, now)

    def _enter(self, now: int) -> str:
        """Enters the current node; returns the node to go on to, "" to wait here."""
        node = self._node
        match node:
            case f.Play():
                return self._play(node, now)
            case f.Menu() | f.Collect():
                self._no_input = self._no_match = 0
                self._note("menu" if isinstance(node, f.Menu) else "collect")
                self._ask(node, node.prompts, now)
                return ""
            case f.Set():
                return self._set(node)
            case f.Hours():
                is_open = self._context.is_open(node.calendar, now)
                self._note("branch" if is_open else "out_of_hours", node.calendar)
                return node.open if is_open else node.closed
            case f.Queue():
                self._enqueue(node)
                return ""
            case f.Goodbye():
                if node.prompts:
                    self._speak(node.prompts, Phase.SPEAKING, barge_in=False, now=now)
                else:
                    self._hang_up(node.outcome)
                return ""
            case _:
                assert_never(node)

    def _play(self, node: f.Play, now: int) -> str:
        kind: NoteKind = "greeting" if node.greeting else "played"
        if node.barge_in and self._key:
            self._note(kind, "skipped")
            return node.next
        self._note(kind)
        self._speak(node.prompts, Phase.SPEAKING, barge_in=node.barge_in, now=now)
        return ""

    def _ask(self, node: f.Menu | f.Collect, prompts: tuple[str, ...], now: int) -> None:
        self._gathered = ""
        if node.barge_in and self._key:
            self._listen(node, now)
        else:
            self._speak(prompts, Phase.PROMPTING, barge_in=node.barge_in, now=now)

    def _speak(self, prompts: tuple[str, ...], phase: Phase, *, barge_in: bool, now: int) -> None:
        if not barge_in:
            self._key = ""
        self._play_id += 1
        names = tuple(name if "/" in name else f"{self._language}/{name}" for name in prompts)
        self._out.append(Play(self._play_id, names, barge_in))
        self._phase = phase
        self._deadline = now + PROMPT_LIMIT_US

    def _listen(self, node: f.Menu | f.Collect, now: int) -> None:
        self._phase = Phase.LISTENING
        self._deadline = now + node.timeout_us

    def _feed(self, digit: str, now: int) -> str:
        """One key for the question being asked; returns the node to go on to, "" to wait here."""
        match self._node:
            case f.Menu() as node:
                return self._choose(node, digit, now)
            case f.Collect() as node:
                return self._gather(node, digit, now)
            case _:
                raise AssertionError(f"{self.node} asks nothing")

    def _choose(self, node: f.Menu, digit: str, now: int) -> str:
        choice = node.choices.get(digit)
        if choice is None:
            return self._mismatch(node, digit, now)
        self._note("digit", f"{digit} {choice.label}")
        if choice.next != node.name:
            self._path.append(choice.label)
        return choice.next

    def _gather(self, node: f.Collect, digit: str, now: int) -> str:
        if digit == node.terminator:
            return self._complete(node, now)
        if digit in "*#":
            # A key that is no digit means "I mistyped": the number starts over.
            self._gathered = ""
            self._listen(node, now)
            return ""
        self._gathered += digit
        if len(self._gathered) < node.max_length:
            self._phase = Phase.GATHERING
            self._deadline = now + node.inter_digit_us
            return ""
        # Many press the terminator by habit after a number that was complete without it; it is not for the next menu.
        self._late_terminator = (node.terminator, now + node.inter_digit_us)
        return self._complete(node, now)

    def _complete(self, node: f.Collect, now: int) -> str:
        length = len(self._gathered)
        if length < node.min_length:
            return self._mismatch(node, f"{length} digits", now)
        self._data[node.key] = self._gathered
        self._note("collected", f"{length} digits")
        if node.read_back:
            digits = digits_prompts(self._language, self._gathered)
            self._speak(digits, Phase.SPEAKING, barge_in=node.barge_in, now=now)
            return ""
        return node.next

    def _mismatch(self, node: f.Menu | f.Collect, detail: str, now: int) -> str:
        self._no_match += 1
        self._note("no_match", detail)
        return self._again(node, node.no_match, self._no_match, now)

    def _missing(self, node: f.Menu | f.Collect, now: int) -> str:
        self._no_input += 1
        self._note("no_input")
        return self._again(node, node.no_input, self._no_input, now)

    def _again(self, node: f.Menu | f.Collect, retry: f.Retry, count: int, now: int) -> str:
        if count > retry.attempts:
            return node.fallback
        self._ask(node, retry.prompts + node.prompts, now)
        return ""

    def _set(self, node: f.Set) -> str:
        for skill, minimum in node.requirements:
            self._requirements[skill] = max(minimum, self._requirements.get(skill, 0))
        if node.priority is not None:
            self._priority = node.priority
        self._data.update(node.data)
        if node.language and node.language != self._language:
            self._language = node.language
            self._out.append(SetLanguage(node.language))
        changed = [*dict(node.requirements), *node.data]
        self._note("set", ", ".join([*changed, node.language] if node.language else changed))
        return node.next

    def _enqueue(self, node: f.Queue) -> None:
        self._out.append(
            Enqueue(
                queue=node.queue,
                requirements=tuple(self._requirements.items()),
                priority=self._priority,
                data=dict(self._data),
                path=tuple(self._path),
                language=self._language,
                operator=node.operator,
            )
        )
        self._end()

    def _hang_up(self, outcome: str) -> None:
        self._out.append(Hangup(outcome, dict(self._data), tuple(self._path)))
        self._end()

    def _end(self) -> None:
        self._phase = Phase.ENDED
        self._deadline = None

    def _note(self, kind: NoteKind, detail: str = "") -> None:
        self._out.append(Note(kind, self._node.name, detail))
