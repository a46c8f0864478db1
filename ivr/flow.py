"""A flow: the immutable graph of nodes that a caller walks, each node one step of the conversation.

Durations are integer microseconds. A prompt is named by its path under the site's `prompts/` folder without the
ending: `en/welcome` is the same file whatever the caller speaks, `welcome` is looked up in the caller's language. In
prompts and values, `{order_number}` stands for customer data or for a variable (ivr/values.py); as a prompt it is read
out digit by digit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

DIGITS = "0123456789*#"
SECOND_US = 1_000_000

Test = Literal["equals", "in", "prefix", "greater", "less", "exists", "phone"]


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a missing or wrong answer is met with `prompts` before the node gives up."""

    attempts: int = 2
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Play:
    """Says something and goes on. `greeting` only changes the word that the interaction's story uses."""

    name: str
    prompts: tuple[str, ...]
    next: str
    barge_in: bool = True
    greeting: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One key of a menu. `label` becomes part of the path that the agent sees."""

    label: str
    next: str


@dataclass(frozen=True, slots=True)
class Menu:
    """Asks for one key; after too many missing or wrong keys the caller goes to `fallback`."""

    name: str
    prompts: tuple[str, ...]
    choices: Mapping[str, Choice]
    fallback: str
    barge_in: bool = True
    timeout_us: int = 5 * SECOND_US
    no_input: Retry = field(default_factory=Retry)
    no_match: Retry = field(default_factory=Retry)


@dataclass(frozen=True, slots=True)
class Collect:
    """Asks for a number of `min_length` to `max_length` digits and stores it as customer data under `key`.

    `terminator` ends the number early ("" means none). `timeout_us` runs until the first digit,
    `inter_digit_us` between two. With `read_back` the digits are spoken to the caller before going on.
    """

    name: str
    prompts: tuple[str, ...]
    key: str
    next: str
    fallback: str
    min_length: int = 1
    max_length: int = 20
    terminator: str = "#"
    barge_in: bool = True
    timeout_us: int = 6 * SECOND_US
    inter_digit_us: int = 3 * SECOND_US
    read_back: bool = False
    no_input: Retry = field(default_factory=Retry)
    no_match: Retry = field(default_factory=Retry)


@dataclass(frozen=True, slots=True)
class Set:
    """Changes what the work will ask for: skill minimums (1-10, 0 lifts an earlier one), customer data, language, and
    priority on top of the queue's. `attributes` are told to the rules of the queues, and nobody may be known by them.
    """

    name: str
    next: str
    requirements: tuple[tuple[str, int], ...] = ()
    priority: int | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    language: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hours:
    """Branches on whether the named calendar is open at this moment; `holiday` "" sends holidays to `closed`."""

    name: str
    calendar: str
    open: str
    closed: str
    holiday: str = ""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Asks another program: GET `path` of the site's look-up `service` with `query`, which may hold `{key}`.

    `result` maps a key of the customer data to a path in the JSON answer; what is not there is not set. No answer in
    `timeout_us`, an error or no JSON leads to `fallback`.
    """

    name: str
    service: str
    path: str
    query: Mapping[str, str]
    result: Mapping[str, str]
    next: str
    fallback: str
    timeout_us: int = 3 * SECOND_US


@dataclass(frozen=True, slots=True)
class Case:
    """One line of a condition: what `key` holds is put to `test` against `values` (one, but several for `in`)."""

    key: str
    test: Test
    values: tuple[str, ...]
    next: str


@dataclass(frozen=True, slots=True)
class Condition:
    """Branches on customer data and variables: the first case that holds, else `otherwise`."""

    name: str
    cases: tuple[Case, ...]
    otherwise: str


@dataclass(frozen=True, slots=True)
class Callback:
    """Writes down that `number` (a text with `{key}`) is to be called back for `queue`."""

    name: str
    queue: str
    number: str
    next: str
    fallback: str


@dataclass(frozen=True, slots=True)
class Voicemail:
    """Speaks, records what the caller says until `#`, silence, `max_us` or the end of the call, and keeps it."""

    name: str
    prompts: tuple[str, ...]
    queue: str
    next: str
    fallback: str
    max_us: int = 120 * SECOND_US
    silence_us: int = 5 * SECOND_US


@dataclass(frozen=True, slots=True)
class Queue:
    """Leaves the IVR for a queue; `operator` marks the way out to a person for whoever gets lost."""

    name: str
    queue: str
    operator: bool = False


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Says goodbye, then hangs up; `outcome` is the fact kept in the record."""

    name: str
    prompts: tuple[str, ...]
    outcome: str = "goodbye"


Node = Play | Menu | Collect | Set | Hours | Lookup | Condition | Callback | Voicemail | Queue | Goodbye


@dataclass(frozen=True, slots=True)
class Flow:
    """A whole flow. `language` is spoken until the caller chooses another or comes with one that it has too."""

    name: str
    title: str
    language: str
    start: str
    nodes: Mapping[str, Node]

    @property
    def languages(self) -> tuple[str, ...]:
        """What it may speak, in the order of their names: every prompt is there in each of these."""
        chosen = (node.language for node in self.nodes.values() if isinstance(node, Set))
        return tuple(sorted({self.language, *chosen} - {""}))

    def spoken_to(self, locale: str) -> str:
        """The language to begin with, for somebody who reads this one (BCP 47: zh-CN): the flow's own unless it
        speaks theirs, region and script aside."""
        if not locale:
            return self.language
        wanted = {locale.lower(), locale.lower().partition("-")[0]}
        return next((name for name in self.languages if name.lower() in wanted), self.language)


def links(node: Node) -> Iterator[tuple[str, str, bool]]:
    """Each way out of a node as (key path inside the node, target, needs the caller to press something)."""
    match node:
        case Play() | Set():
            yield "next", node.next, False
        case Menu():
            for digit, choice in node.choices.items():
                yield f"choices.{digit}.next", choice.next, True
            yield "fallback", node.fallback, False
        case Collect():
            yield "next", node.next, True
            yield "fallback", node.fallback, False
        case Hours():
            yield "open", node.open, False
            yield "closed", node.closed, False
            if node.holiday:
                yield "holiday", node.holiday, False
        case Lookup() | Callback() | Voicemail():
            yield "next", node.next, False
            yield "fallback", node.fallback, False
        case Condition():
            for index, one in enumerate(node.cases):
                yield f"cases[{index}].next", one.next, False
            yield "otherwise", node.otherwise, False
        case Queue() | Goodbye():
            return


def spoken(node: Node) -> Iterator[tuple[str, str]]:
    """Each prompt that a node can say as (key path inside the node, prompt name)."""
    if isinstance(node, Play | Menu | Collect | Voicemail | Goodbye):
        for index, prompt in enumerate(node.prompts):
            yield f"prompts[{index}]", prompt
    if isinstance(node, Menu | Collect):
        for key, retry in (("no_input", node.no_input), ("no_match", node.no_match)):
            for index, prompt in enumerate(retry.prompts):
                yield f"{key}.prompts[{index}]", prompt
