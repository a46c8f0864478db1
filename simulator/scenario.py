"""What is simulated: work types, agent groups, the rules, and what is measured. Immutable; times in microseconds.

Times of a scenario count from its midnight; `epoch_us` is what the dispatcher's clock shows then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from router.policy import Policy
from router.vocabulary import Medium, Requirement
from simulator.arrivals import Steps
from simulator.distributions import Constant, Distribution
from simulator.schedule import Plan

NO_TIME = Constant(0)


@dataclass(frozen=True, slots=True)
class Retry:
    """Who gave up calls again: with `probability`, after `delay`, at most `limit` times."""

    probability: float
    delay: Distribution
    limit: int = 5


@dataclass(frozen=True, slots=True)
class WorkType:
    """Customers of one kind: which queue they come to, when, how patient they are, and how long they take.

    `requirements`, `condition`, `attributes` and `priority` are those of the router's WorkQueued. `patience` None: they
    wait for ever. `talk_by` and `wrap_up_by` hold for the groups that they name. `threshold_us`
    is that of the service level; who gives up within `short_us` is a short abandon.
    """

    name: str
    queue: str
    medium: Medium
    arrivals: Steps
    talk: Distribution
    wrap_up: Distribution = NO_TIME
    patience: Distribution | None = None
    requirements: tuple[Requirement, ...] = ()
    condition: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    priority: int = 0
    retry: Retry | None = None
    daily_cv: float = 0.0
    threshold_us: int = 20_000_000
    short_us: int = 5_000_000
    talk_by: Mapping[str, Distribution] = field(default_factory=dict)
    wrap_up_by: Mapping[str, Distribution] = field(default_factory=dict)

    def talk_with(self, group: str) -> Distribution:
        """How long a conversation with an agent of the group takes."""
        return self.talk_by.get(group, self.talk)

    def wrap_up_with(self, group: str) -> Distribution:
        """How long an agent of the group works after it."""
        return self.wrap_up_by.get(group, self.wrap_up)


@dataclass(frozen=True, slots=True)
class Group:
    """Agents who are alike in what they do (their skills are the policy's): one plan for each.

    `reject` and `miss` are shares of the offers; who missed one is not ready until `back_us` have passed.
    """

    name: str
    plans: Mapping[str, Plan]
    ring: Distribution = NO_TIME
    reject: float = 0.0
    miss: float = 0.0
    back_us: int = 60_000_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole model.

    Customers come from `start_us` to `end_us`; those who come from `measure_from_us` to `measure_to_us` are measured.
    `changes` are the policies that become current later, each with its time.
    `daily_cv` is that of the day's factor that all work types share. `slot_us` is one bar of the day's plot.
    """

    name: str
    policy: Policy
    work: tuple[WorkType, ...]
    groups: tuple[Group, ...]
    start_us: int
    end_us: int
    measure_from_us: int
    measure_to_us: int
    daily_cv: float = 0.0
    replications: int = 10
    slot_us: int = 900_000_000
    epoch_us: int = 0
    changes: tuple[tuple[int, Policy], ...] = ()
