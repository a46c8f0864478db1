"""One test of a flow: the caller's steps on the real machine, and what is held against the expectation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from ivr import commands as c
from ivr.context import IvrContext
from ivr.flow import Flow
from ivr.machine import IvrMachine
from ivr.transitions import Phase

SECOND_US = 1_000_000
# A flow ends by itself after MAX_STEPS nodes; each node waits for a handful of things at most.
MAX_MOMENTS = 5000


class StepFailedError(Exception):
    """The flow does something else than the test says; the text is for its author."""


@dataclass(frozen=True, slots=True)
class Step:
    """At `node` the caller does `action`, one of ACTIONS in config/flow_tests.py, with what `value` says."""

    node: str
    action: str
    value: object


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come out; None is not looked at. `nodes` and `said` must occur in this order, others in between."""

    queue: str | None = None
    outcome: str | None = None
    path: tuple[str, ...] | None = None
    nodes: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    language: str | None = None
    requirements: Mapping[str, int] | None = None
    priority: int | None = None
    data: Mapping[str, str] | None = None
    callback: str | None = None
    voicemail: str | None = None


@dataclass(frozen=True, slots=True)
class FlowTest:
    """One test; `at_us` is when the call comes, microseconds since 1970 in UTC.

    `locale` is the language of the page that a web caller calls from, "" for a telephone.
    """

    file: str
    title: str
    flow: str
    at_us: int
    caller: str
    entry: str
    steps: tuple[Step, ...]
    expected: Expected
    locale: str = ""


class Place(Protocol):
    """What is needed of the site."""

    @property
    def flows(self) -> Mapping[str, Flow]: ...

    def is_open(self, calendar: str, now_utc_us: int) -> bool: ...

    def holiday(self, calendar: str, now_utc_us: int) -> str: ...


class Walk:
    """Runs one test; `story` has a line for each thing that happened."""

    def __init__(self, test: FlowTest, place: Place) -> None:
        self.story: list[str] = []
        self._test = test
        context = IvrContext(place.is_open, place.holiday)
        known = {"caller": test.caller, "entry": test.entry}
        flow = place.flows[test.flow]
        self._machine = IvrMachine(flow, context, known, flow.spoken_to(test.locale))
        self._now = test.at_us
        self._steps = list(test.steps)
        self._play_id = self._request_id = 0
        self._found: dict[str, object] = {"language": flow.spoken_to(test.locale)}
        self._nodes: list[str] = []
        self._said: list[str] = []

    def run(self) -> None:
        """Raises StepFailedError at the first thing that is not as the test says."""
        self._take(self._machine.start(self._now))
        for _ in range(MAX_MOMENTS):
            if self._machine.ended:
                break
            self._moment()
        if self._steps:
            number = len(self._test.steps) - len(self._steps) + 1
            raise StepFailedError(f'the call is over before step {number} at "{self._steps[0].node}"')
        for problem in self._differences():
            raise StepFailedError(problem)

    def _moment(self) -> None:
        """The caller hears a prompt to its end, or does the next step, or what callers do by themselves."""
        self._now += SECOND_US
        phase, node = self._machine.phase, self._machine.node
        if phase in (Phase.SPEAKING, Phase.PROMPTING):
            self._tell(c.PromptFinished(self._play_id))
        elif self._steps and self._steps[0].node == node:
            self._do(self._steps.pop(0))
        elif phase is Phase.RECORDING:
            self._tell(c.Digit("#"))
        elif phase is Phase.WAITING and self._found.get("looking"):
            raise StepFailedError(f'"{node}" looks something up, and the test does not answer it')
        elif phase is Phase.WAITING:
            self._tell(c.RequestKept(self._request_id))
        elif self._steps:
            raise StepFailedError(f'step {self._number()} is at "{self._steps[0].node}", but the caller is at "{node}"')
        else:
            self._be_silent()

    def _do(self, step: Step) -> None:
        number = self._number() - 1
        self.story.append(f"step {number} at {step.node}: {step.action}" + ("" if step.value is None else " ..."))
        phase = self._machine.phase
        fits = {"answer": phase is Phase.WAITING, "fails": phase in (Phase.WAITING, Phase.RECORDING)}
        if not fits.get(step.action, True):
            raise StepFailedError(f'step {number}: "{step.node}" does not wait for that')
        match step.action:
            case "press":
                for key in str(step.value):
                    self._tell(c.Digit(key))
                if self._machine.node == step.node and self._machine.phase is Phase.GATHERING:
                    self._be_silent()
            case "answer":
                self._tell(c.LookedUp(self._request_id, step.value))
            case "fails":
                self._tell(c.RequestFailed(self._request_id, str(step.value)))
            case "hang_up":
                self._tell(c.CallerLeft())
                self._found.setdefault("outcome", "left")
            case _:
                self._be_silent()

    def _number(self) -> int:
        return len(self._test.steps) - len(self._steps) + 1

    def _be_silent(self) -> None:
        self._now = max(self._now, self._machine.next_deadline() or 0)
        self._take(self._machine.expire(self._now))

    def _tell(self, event: c.IvrEvent) -> None:
        self._take(self._machine.handle(event, self._now))

    def _take(self, commands: list[c.IvrCommand]) -> None:
        for command in commands:
            self._note(command)
            match command:
                case c.Play(play_id, prompts, _):
                    self._play_id = play_id
                    self._said += prompts
                case c.SetLanguage(language):
                    self._found["language"] = language
                case c.LookUp(request_id):
                    self._request_id, self._found["looking"] = request_id, True
                case c.RequestCallback(request_id, number=number):
                    self._request_id, self._found["looking"] = request_id, False
                    self._found["callback"] = number
                case c.Record(request_id):
                    self._request_id = request_id
                case c.KeepMessage(queue=queue):
                    self._found["voicemail"], self._found["looking"] = queue, False
                case c.Enqueue() as left:
                    self._found |= {"queue": left.queue, "path": left.path, "data": left.data}
                    self._found |= {"requirements": dict(left.requirements), "priority": left.priority}
                case c.Hangup(outcome, data, path):
                    self._found |= {"outcome": outcome, "data": data, "path": path}
                case c.Note(node=node):
                    self._visit(node)
                case c.StopPlay():
                    pass
        self._visit(self._machine.node)

    def _visit(self, node: str) -> None:
        if self._nodes[-1:] != [node]:
            self._nodes.append(node)

    def _note(self, command: c.IvrCommand) -> None:
        match command:
            case c.Play(_, prompts, _):
                self.story.append(f"says {', '.join(prompts)}")
            case c.Note(kind, node, detail):
                self.story.append(f"{node}: {kind}" + (f" ({detail})" if detail else ""))
            case c.LookUp(_, service, path, query, _):
                self.story.append(f"looks up {service} {path} {dict(query)}")
            case c.Enqueue(queue=queue):
                self.story.append(f"waits in {queue}")
            case c.Hangup(outcome):
                self.story.append(f"hangs up: {outcome}")
            case _:
                return

    def _differences(self) -> Iterator[str]:
        expected = self._test.expected
        for key in (
            "queue",
            "outcome",
            "path",
            "language",
            "requirements",
            "priority",
            "data",
            "callback",
            "voicemail",
        ):
            wanted, found = getattr(expected, key), self._found.get(key)
            if wanted is not None and wanted != found:
                yield f"{key} is {_shown(found)}, expected {_shown(wanted)}"
        for word, asked, happened in (("nodes", expected.nodes, self._nodes), ("said", expected.said, self._said)):
            rest = iter(happened)
            for one in asked:
                if one not in rest:
                    yield f'{word}: "{one}" is missing, or not in this order: {", ".join(happened)}'
                    break


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case str():
            return f'"{value}"'
        case tuple():
            return " > ".join(map(str, value)) or "empty"
        case _:
            return str(value)
