"""The IVR machine: walks one caller through one flow. Pure: events and times in, commands out.

`now` is UTC in integer microseconds since 1970 (the shard's clock), because business hours are judged by it.

A key pressed early is not lost (ivr/keys.py): it cuts short or skips every prompt that may be interrupted and answers
the next question. A prompt without barge-in throws away what was typed before and during it.
"""

from collections.abc import Mapping
from typing import assert_never

from ivr import commands as c
from ivr import flow as f
from ivr.context import IvrContext
from ivr.dossier import Dossier
from ivr.keys import Keys, Number
from ivr.speech import digits_prompts
from ivr.transitions import TRANSITIONS, Phase, Trigger
from ivr.values import branch, take

# A prompt whose end is never reported must not hold the caller for ever.
PROMPT_LIMIT_US = 120 * f.SECOND_US
# Somebody who circles through menus all day holds a line and fills the record: enough for any honest caller.
MAX_STEPS = 200
# How long writing down a callback or a message may take before the caller hears that it did not work.
KEEP_LIMIT_US = 10 * f.SECOND_US


class IvrMachine:
    """One caller in one flow, which `parse_flow` found without mistakes.

    After each call the machine either has ended or has a deadline. Everything after the end is ignored. `variables`
    are what is known of the call: `caller`, `channel`, `entry`. `language` is spoken first, one of the flow's own;
    "" begins with the flow's. `path` are the choices that the caller has made before, in another flow.
    """

    def __init__(
        self,
        flow: f.Flow,
        context: IvrContext,
        variables: Mapping[str, str] | None = None,
        language: str = "",
        path: tuple[str, ...] = (),
    ) -> None:
        self._flow = flow
        self._context = context
        self._phase = Phase.NEW
        self._node: f.Node = flow.nodes[flow.start]
        self._out: list[c.IvrCommand] = []
        self._deadline: int | None = None
        self._play_id = 0
        self._request_id = 0
        self._keys = Keys()
        self._no_input = 0
        self._no_match = 0
        self._steps = 0
        self._dossier = Dossier(language or flow.language, variables or {}, path)

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

    def start(self, now: int) -> list[c.IvrCommand]:
        """Begins the flow. Raises RuntimeError when it has begun already."""
        if self._phase is not Phase.NEW:
            raise RuntimeError("the flow has begun already")
        self._out.append(c.SetLanguage(self._dossier.language))
        self._walk(self._flow.start, now)
        return self._done(Phase.NEW, Trigger.STARTED)

    def handle(self, event: c.IvrEvent, now: int) -> list[c.IvrCommand]:
        """Takes one event; returns what to do, in order."""
        before = self._phase
        if before is Phase.ENDED or (before is Phase.NEW and not isinstance(event, c.CallerLeft)):
            return []
        match event:
            case c.Digit():
                self._digit(event.digit, now)
                return self._done(before, Trigger.DIGIT)
            case c.PromptFinished():
                if event.play_id != self._play_id or before not in (Phase.SPEAKING, Phase.PROMPTING):
                    return []
                self._prompt_finished(now)
                return self._done(before, Trigger.PROMPT_FINISHED)
            case c.LookedUp() | c.RequestKept() | c.RequestFailed() | c.CallerSilent():
                if event.request_id != self._request_id:
                    return []
                return self._answered(event, now)
            case c.CallerLeft():
                if before is Phase.RECORDING:
                    self._keep_message(now)
                self._note("left")
                self._end()
                return self._done(before, Trigger.CALLER_LEFT)
            case _:
                assert_never(event)

    def expire(self, now: int) -> list[c.IvrCommand]:
        """Acts on the deadline when it has passed."""
        if self._deadline is None or now < self._deadline:
            return []
        before = self._phase
        match before, self._node:
            case ((Phase.SPEAKING | Phase.PROMPTING), _):
                self._out.append(c.StopPlay(self._play_id))
                self._prompt_finished(now)
            case Phase.LISTENING, f.Menu() | f.Collect() as node:
                self._walk(self._missing(node, now), now)
            case Phase.GATHERING, f.Collect() as node:
                self._walk(self._complete(node, now), now)
            case Phase.WAITING, (f.Lookup() | f.Callback() | f.Voicemail()) as node:
                self._failed(node, "timeout", now)
            case Phase.RECORDING, f.Voicemail():
                self._keep_message(now)
            case _:
                raise AssertionError(f"{before} at {self.node} has no deadline")
        return self._done(before, Trigger.TIMED_OUT)

    def _answered(self, answer: c.IvrAnswer, now: int) -> list[c.IvrCommand]:
        before = self._phase
        match before, answer, self._node:
            case Phase.RECORDING, c.CallerSilent(), f.Voicemail():
                self._keep_message(now)
                return self._done(before, Trigger.SILENT)
            case (
                (Phase.WAITING | Phase.RECORDING),
                c.RequestFailed(),
                (f.Lookup() | f.Callback() | f.Voicemail()) as node,
            ):
                self._failed(node, answer.reason, now)
            case Phase.WAITING, c.LookedUp(), f.Lookup() as node:
                self._dossier.data.update(take(answer.answer, node.result))
                self._note("looked_up", node.service)
                self._walk(node.next, now)
            case Phase.WAITING, c.RequestKept(), (f.Callback() | f.Voicemail()) as node:
                self._note("callback" if isinstance(node, f.Callback) else "voicemail", node.queue)
                self._walk(node.next, now)
            case _:
                return []
        return self._done(before, Trigger.ANSWERED)

    def _failed(self, node: f.Lookup | f.Callback | f.Voicemail, reason: str, now: int) -> None:
        self._request_id += 1  # What is still on its way comes too late.
        self._note("failed", reason)
        self._walk(node.fallback, now)

    def _done(self, before: Phase, trigger: Trigger) -> list[c.IvrCommand]:
        if self._phase not in TRANSITIONS[before, trigger]:
            raise AssertionError(f"{before} -> {self._phase} by {trigger} is not in the table")
        out, self._out = self._out, []
        return out

    def _digit(self, digit: str, now: int) -> None:
        if self._keys.ignored(digit, now):
            return
        if self._phase is Phase.WAITING:
            self._keys.keep(digit)
            return
        if self._phase is Phase.RECORDING:
            if digit == "#":
                self._keep_message(now)
            return
        if self._phase in (Phase.SPEAKING, Phase.PROMPTING):
            if not self._interruptible():
                return
            self._out.append(c.StopPlay(self._play_id))
        self._keys.ahead = digit
        if self._phase in (Phase.SPEAKING, Phase.PROMPTING):
            self._prompt_finished(now)
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
            case Phase.SPEAKING, f.Play() | f.Collect() as node:
                self._walk(node.next, now)
            case Phase.SPEAKING, f.Voicemail() as node:
                self._record(node, now)
            case Phase.SPEAKING, f.Goodbye() as node:
                self._hang_up(node.outcome)
            case _:
                raise AssertionError(f"{self._phase} at {self.node} plays nothing")

    def _walk(self, target: str, now: int) -> None:
        """Enters `target` and goes on, using the key that was pressed, until something outside is waited for."""
        while target or (self._keys.ahead and self._phase in (Phase.LISTENING, Phase.GATHERING)):
            if self._steps >= MAX_STEPS:
                self._hang_up("too_many_steps")
                return
            if target:
                self._steps += 1
                self._node = self._flow.nodes[target]
                target = self._enter(now)
            else:
                target = self._feed(self._keys.next(), now)

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
            case f.Hours() | f.Condition():
                return self._branch(node, now)
            case f.Lookup() | f.Callback():
                self._request(node, now)
                return ""
            case f.Voicemail():
                self._speak(node.prompts, Phase.SPEAKING, barge_in=False, now=now)
                return ""
            case f.Queue():
                self._out.append(self._dossier.enqueue(node))
                self._end()
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
        kind: c.NoteKind = "greeting" if node.greeting else "played"
        if node.barge_in and self._keys.ahead:
            self._note(kind, "skipped")
            return node.next
        self._note(kind)
        self._speak(node.prompts, Phase.SPEAKING, barge_in=node.barge_in, now=now)
        return ""

    def _ask(self, node: f.Menu | f.Collect, prompts: tuple[str, ...], now: int) -> None:
        self._keys.number = ""
        if node.barge_in and self._keys.ahead:
            self._listen(node, now)
        else:
            self._speak(prompts, Phase.PROMPTING, barge_in=node.barge_in, now=now)

    def _speak(self, prompts: tuple[str, ...], phase: Phase, *, barge_in: bool, now: int) -> None:
        if not barge_in:
            self._keys.ahead = ""
        self._play_id += 1
        self._out.append(c.Play(self._play_id, self._dossier.spoken(prompts), barge_in))
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
            self._dossier.path.append(choice.label)
        return choice.next

    def _gather(self, node: f.Collect, digit: str, now: int) -> str:
        match self._keys.gather(node, digit, now):
            case Number.COMPLETE:
                return self._complete(node, now)
            case Number.BEGUN:
                self._phase = Phase.GATHERING
                self._deadline = now + node.inter_digit_us
            case Number.STARTED_OVER:
                self._listen(node, now)
        return ""

    def _complete(self, node: f.Collect, now: int) -> str:
        length = len(self._keys.number)
        if length < node.min_length:
            return self._mismatch(node, f"{length} digits", now)
        self._dossier.data[node.key] = self._keys.number
        self._note("collected", f"{length} digits")
        if node.read_back and not (node.barge_in and self._keys.ahead):
            digits = digits_prompts(self._dossier.language, self._keys.number)
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
        spoken = self._dossier.language
        self._dossier.change(node)
        if self._dossier.language != spoken:
            self._out.append(c.SetLanguage(self._dossier.language))
        changed = [*dict(node.requirements), *node.data]
        self._note("set", ", ".join([*changed, node.language] if node.language else changed))
        return node.next

    def _branch(self, node: f.Hours | f.Condition, now: int) -> str:
        if isinstance(node, f.Condition):
            target, why = branch(node, self._dossier.value)
            self._note("branch", why)
            return target
        if self._context.is_open(node.calendar, now):
            self._note("branch", node.calendar)
            return node.open
        holiday = self._context.holiday(node.calendar, now)
        self._note("out_of_hours", f"{node.calendar}: {holiday}" if holiday else node.calendar)
        return node.holiday if holiday and node.holiday else node.closed

    def _request(self, node: f.Lookup | f.Callback, now: int) -> None:
        self._request_id += 1
        self._phase = Phase.WAITING
        if isinstance(node, f.Callback):
            self._deadline = now + KEEP_LIMIT_US
            self._out.append(self._dossier.callback(self._request_id, node))
        else:
            self._deadline = now + node.timeout_us
            self._out.append(self._dossier.look_up(self._request_id, node))

    def _record(self, node: f.Voicemail, now: int) -> None:
        self._request_id += 1
        self._phase = Phase.RECORDING
        self._deadline = now + node.max_us
        self._note("recording")
        message = self._dossier.message(self._request_id, node.queue)
        self._out.append(c.Record(self._request_id, node.silence_us, message))

    def _keep_message(self, now: int) -> None:
        if not isinstance(self._node, f.Voicemail):
            raise TypeError(f"{self.node} records nothing")
        self._phase = Phase.WAITING
        self._deadline = now + KEEP_LIMIT_US
        self._out.append(self._dossier.message(self._request_id, self._node.queue))

    def _hang_up(self, outcome: str) -> None:
        self._out.append(self._dossier.hangup(outcome))
        self._end()

    def _end(self) -> None:
        self._phase = Phase.ENDED
        self._deadline = None

    def _note(self, kind: c.NoteKind, detail: str = "") -> None:
        self._out.append(c.Note(kind, self._node.name, detail))
