"""Random valid flows and random callers, for the walks in test_machine.py."""

from collections.abc import Iterator
from random import Random
from typing import Any

from ivr.commands import (
    CallerLeft,
    CallerSilent,
    Digit,
    Enqueue,
    FinishReason,
    Hangup,
    IvrAnswer,
    IvrCommand,
    KeepMessage,
    LookedUp,
    LookUp,
    Note,
    Play,
    PromptFinished,
    Record,
    RequestCallback,
    RequestFailed,
    RequestKept,
    SetLanguage,
    StopPlay,
)
from ivr.context import IvrContext
from ivr.flow import DIGITS, Flow
from ivr.machine import IvrMachine
from ivr.transitions import Phase, Trigger
from tests.ivr.build import CONTEXT, NAMES, parsed

KINDS = (
    *("play", "greeting", "menu", "menu", "collect", "collect", "set", "hours"),
    *("lookup", "lookup", "condition", "callback", "voicemail", "queue", "operator", "goodbye"),
)
REASONS: tuple[FinishReason, ...] = ("completed", "stopped", "failed")
Step = tuple[Phase, Trigger, Phase]


def random_flow(random: Random) -> Flow:
    """A flow whose silent links only lead forward, so that it ends without a key; nodes nobody reaches are left out."""
    count = random.randint(1, 9)
    nodes = {f"n{index}": _node(random, index, count) for index in range(count)}
    seen: list[str] = []
    todo = ["n0"]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.append(name)
            todo += _targets(nodes[name])
    return parsed({"language": "en", "start": "n0", "nodes": {name: nodes[name] for name in seen}})


def _node(random: Random, index: int, count: int) -> dict[str, Any]:
    def prompts(least: int = 1) -> list[str]:
        return [random.choice(NAMES) for _ in range(random.randint(least, 2))]

    later = [f"n{number}" for number in range(index + 1, count)]
    anywhere = [f"n{number}" for number in range(count)]
    kind = random.choice(KINDS if later else KINDS[-3:])
    retries = {key: {"attempts": random.randint(0, 2), "prompts": prompts(0)} for key in ("no_input", "no_match")}
    barge_in = random.random() < 0.7
    match kind:
        case "play" | "greeting":
            return {"kind": kind, "prompts": prompts(), "barge_in": barge_in, "next": random.choice(later)}
        case "menu":
            keys = random.sample(DIGITS, random.randint(1, 6))
            choices = {key: {"label": f"key {key}", "next": random.choice(anywhere)} for key in keys}
            asked = {"kind": kind, "prompts": prompts(), "barge_in": barge_in, "choices": choices, **retries}
            return {**asked, "fallback": random.choice(later)}
        case "collect":
            return {
                "kind": kind,
                "prompts": prompts(),
                "barge_in": barge_in,
                "key": "secret",
                "min_length": random.randint(1, 3),
                "max_length": random.randint(3, 6),
                "terminator": random.choice(["#", "*", "none"]),
                "read_back": random.random() < 0.5,
                "next": random.choice(anywhere),
                "fallback": random.choice(later),
                **retries,
            }
        case "set":
            change: dict[str, Any] = random.choice(
                [{"language": "zh"}, {"requirements": {"orders": 5}}, {"priority": 3}]
            )
            return {"kind": kind, **change, "next": random.choice(later)}
        case "hours":
            return {"kind": kind, "calendar": "office", "open": random.choice(later), "closed": random.choice(later)}
        case "lookup":
            links = {"next": random.choice(later), "fallback": random.choice(later)}
            return {"kind": kind, "service": "shop", "result": {"state": "order.state"}, **links}
        case "callback":
            return {"kind": kind, "queue": "help", "next": random.choice(later), "fallback": random.choice(later)}
        case "voicemail":
            links = {"next": random.choice(later), "fallback": random.choice(later)}
            return {"kind": kind, "queue": "help", "prompts": prompts(), **links}
        case "condition":
            cases = [{"key": "caller", "prefix": ["1", "2"][index], "next": random.choice(later)} for index in range(2)]
            return {"kind": kind, "cases": cases, "otherwise": random.choice(later)}
        case "goodbye":
            return {"kind": kind, "prompts": prompts(0)}
        case _:
            return {"kind": kind, "queue": "orders"}


def _targets(node: dict[str, Any]) -> list[str]:
    links = [node[key] for key in ("next", "fallback", "open", "closed", "otherwise") if key in node]
    choices = [*node.get("choices", {}).values(), *node.get("cases", [])]
    return links + [choice["next"] for choice in choices]


class Caller:
    """Walks one caller through a flow and checks every command on the way."""

    def __init__(self, flow: Flow, random: Random) -> None:
        self._random = random
        variables = {"caller": random.choice(["100", "200", "300"])}
        self.machine = IvrMachine(flow, IvrContext(lambda _calendar, now: now // 7 % 2 == 0), variables)
        self.now = 1_000_000
        self.steps: list[Step] = []
        self.over = False
        self.notes: set[str] = set()
        self._playing = 0
        self._last_play = 0
        self._request = 0
        self._recording = False

    def walk(self, turns: int) -> None:
        """Starts, lives through `turns` random events, then stays silent until the flow has ended by itself."""
        self._take(Trigger.STARTED, self.machine.start(self.now))
        for _ in range(turns):
            self._turn()
        for _ in range(1000):
            if self.machine.ended:
                break
            self._expire()
        assert self.machine.ended, "a silent caller is kept for ever"
        assert self.machine.handle(Digit("1"), self.now) == []
        assert self.machine.handle(CallerLeft(), self.now) == []
        assert self.machine.expire(self.now + 10**12) == []

    def _turn(self) -> None:
        self.now += self._random.randint(0, 4_000_000)
        chance = self._random.random()
        if chance < 0.6:
            digit = self._random.choice(DIGITS)
            self._take(Trigger.DIGIT, self.machine.handle(Digit(digit), self.now))
        elif chance < 0.72:
            self._answer()
        elif chance < 0.85:
            play_id = self._random.choice([self._last_play, self._last_play - 1])
            reason: FinishReason = self._random.choice(REASONS)
            waiting = self.machine.phase in (Phase.SPEAKING, Phase.PROMPTING) and play_id == self._last_play
            if waiting:
                self._playing = 0
            done = self.machine.handle(PromptFinished(play_id, reason), self.now)
            if waiting:
                self._take(Trigger.PROMPT_FINISHED, done)
            else:
                assert done == [], "a stale prompt changed something"
        elif chance < 0.98:
            self._expire()
        else:
            self._take(Trigger.CALLER_LEFT, self.machine.handle(CallerLeft(), self.now))

    def _answer(self) -> None:
        request = self._random.choice([self._request, self._request - 1])
        answers: list[IvrAnswer] = [
            LookedUp(request, {"order": {"state": "sent"}}),
            RequestKept(request),
            RequestFailed(request, "refused"),
            CallerSilent(request),
        ]
        answer = self._random.choice(answers)
        done = self.machine.handle(answer, self.now)
        if request != self._request:
            assert done == [], "a stale answer changed something"
        elif done:
            silent = isinstance(answer, CallerSilent)
            self._recording = self._recording and silent
            self._take(Trigger.SILENT if silent else Trigger.ANSWERED, done)

    def _expire(self) -> None:
        deadline = self.machine.next_deadline()
        if deadline is not None:
            assert self.machine.expire(deadline - 1) == []
            self.now = max(self.now, deadline)
            self._take(Trigger.TIMED_OUT, self.machine.expire(self.now))

    def _take(self, trigger: Trigger, commands: list[IvrCommand]) -> None:
        before = self.steps[-1][2] if self.steps else Phase.NEW
        if before is Phase.ENDED:
            assert commands == []
            return
        for command in commands:
            assert not self.over, f"{command} after the end"
            self._check(command)
        after = self.machine.phase
        self.steps.append((before, trigger, after))
        ended = after is Phase.ENDED
        assert ended == (self.machine.next_deadline() is None)
        assert ended == (self.over or trigger is Trigger.CALLER_LEFT)
        assert self._recording == (after is Phase.RECORDING)
        if not ended:
            assert bool(self._playing) == (after in (Phase.SPEAKING, Phase.PROMPTING))

    def _check(self, command: IvrCommand) -> None:
        match command:
            case Play(play_id, prompts, _):
                assert play_id == self._last_play + 1
                assert not self._playing, "two prompts at once"
                assert prompts
                assert set(prompts) <= set(CONTEXT.prompts)
                self._playing = self._last_play = play_id
            case StopPlay(play_id):
                assert play_id == self._playing
                self._playing = 0
            case LookUp(request_id) | RequestCallback(request_id) | Record(request_id):
                assert request_id > self._request
                self._request = request_id
                self._recording = isinstance(command, Record)
            case KeepMessage(request_id):
                assert request_id == self._request
                assert self._recording, "nothing is recorded"
                self._recording = False
            case SetLanguage(language):
                assert language in CONTEXT.languages
            case Enqueue():
                assert command.queue in CONTEXT.queues
                assert all(1 <= minimum <= 10 for _, minimum in command.requirements)
                self.over = True
            case Hangup():
                assert command.outcome
                self.over = True
            case Note(kind, node, detail):
                self.notes.add(kind)
                assert node
                assert kind != "collected" or detail.endswith(" digits")


def walks(random: Random, count: int, turns: int) -> Iterator[list[Step]]:
    """The steps of `count` random callers in random flows."""
    for _ in range(count):
        caller = Caller(random_flow(random), random)
        caller.walk(turns)
        yield caller.steps
