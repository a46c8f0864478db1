"""What the server counts, for Prometheus. Names are listed in docs/http-api.md."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Literal, TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

_Family: TypeAlias = GaugeMetricFamily | CounterMetricFamily
OfferResult = Literal["accepted", "rejected", "expired", "failed", "withdrawn"]

# 10 s and 30 s are the promises for the phone and for chat.
_WAIT_BUCKETS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800)
_DECISION_BUCKETS = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.1)
_COMMIT_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2)


@dataclass(frozen=True, slots=True)
class QueueGauge:
    """A queue as it is now: how many wait, and how long the first of them has."""

    queue: str
    waiting: int
    oldest_wait_us: int


class Metrics:
    """Each instance has a registry of its own, so that tests and several servers in one process do not mix.

    Methods take microseconds and give Prometheus seconds.
    """

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        # The series of each queue is looked up once: to find it costs more than to count.
        self._queued = cache(Counter("jackfield_queued", "Work items queued", ["queue"], registry=registry).labels)
        self._offers = cache(Counter("jackfield_offers", "Offers sent to agents", ["queue"], registry=registry).labels)
        self._offer_results = cache(
            Counter("jackfield_offer_results", "How offers ended", ["queue", "result"], registry=registry).labels
        )
        self._answered = cache(
            Counter("jackfield_answered", "Work items joined with an agent", ["queue"], registry=registry).labels
        )
        self._within_target = cache(
            Counter(
                "jackfield_answered_within_target", "Of those, within the queue's target", ["queue"], registry=registry
            ).labels
        )
        self._abandoned = cache(
            Counter("jackfield_abandoned", "Customers who left while waiting", ["queue"], registry=registry).labels
        )
        self._wait = cache(
            Histogram(
                "jackfield_wait_seconds", "From queued to joined", ["queue"], buckets=_WAIT_BUCKETS, registry=registry
            ).labels
        )
        self._decision = _Durations("jackfield_decision_seconds", "One turn of the dispatcher", _DECISION_BUCKETS)
        self._commit = _Durations("jackfield_commit_seconds", "From decided to committed", _COMMIT_BUCKETS)
        registry.register(self._decision)
        registry.register(self._commit)
        self._task_failures = Counter(
            "jackfield_task_failures", "Background tasks that failed", ["task"], registry=registry
        )
        self._recordings = Counter(
            "jackfield_recordings", "Recordings of calls, by how they ended", ["result"], registry=registry
        )
        self._journal_lag = Gauge(
            "jackfield_journal_lag_entries", "Journal entries that are not in SQL yet", registry=registry
        )

    # --- routing --------------------------------------------------------------------------------------------

    def queued(self, queue: str) -> None:
        """A work item came to wait."""
        self._queued(queue).inc()

    def offered(self, queue: str) -> None:
        """An offer went out."""
        self._offers(queue).inc()

    def offer_ended(self, queue: str, result: OfferResult) -> None:
        """An offer was accepted, rejected, ..."""
        self._offer_results(queue, result).inc()

    def answered(self, queue: str, wait_us: int, within_target: bool) -> None:
        """Customer and agent were joined after `wait_us`."""
        self._answered(queue).inc()
        self._wait(queue).observe(wait_us / 1e6)
        # The series exists from the first answer on, so that a ratio is 0 and not absent.
        self._within_target(queue).inc(1 if within_target else 0)

    def abandoned(self, queue: str) -> None:
        """The customer left before that."""
        self._abandoned(queue).inc()

    def decided(self, elapsed_us: float) -> None:
        """One turn of the dispatcher took this long."""
        self._decision.observe(elapsed_us / 1e6)

    def committed(self, elapsed_us: float) -> None:
        """A commit took this long."""
        self._commit.observe(elapsed_us / 1e6)

    def watch_queues(self, queues: Callable[[], Iterable[QueueGauge]]) -> None:
        """Asks `queues` at each scrape: a gauge read from the thing itself cannot drift from it. Call once."""
        self._registry.register(_Queues(queues))

    def watch_open(self, counts: Callable[[], Mapping[str, int]]) -> None:
        """Asks `counts` at each scrape: what is open now, by kind. After all calls ended each must fall back."""
        self._registry.register(
            _Labelled(lambda: GaugeMetricFamily("jackfield_open", "Open now", labels=["kind"]), counts)
        )

    def watch_alerts(self, counts: Callable[[], Mapping[str, int]]) -> None:
        """Asks `counts` at each scrape: open alerts by kind."""
        self._registry.register(
            _Labelled(lambda: GaugeMetricFamily("jackfield_alerts_open", "Alerts open now", labels=["kind"]), counts)
        )

    def watch_sip(self, counts: Callable[[], Mapping[str, int]]) -> None:
        """Asks `counts` at each scrape: what the SIP user agent counted, by event."""
        self._registry.register(
            _Labelled(lambda: CounterMetricFamily("jackfield_sip_events", "SIP events", labels=["event"]), counts)
        )

    # --- the rest -------------------------------------------------------------------------------------------

    def watch_journal(self, lag: Callable[[], int]) -> None:
        """Asks `lag` at each scrape how many entries wait for the projector: also one that stands still is seen."""
        self._journal_lag.set_function(lag)

    def recorded(self, result: str) -> None:
        """A recording ended: complete, incomplete or failed."""
        self._recordings.labels(result).inc()

    def task_failed(self, task: str) -> None:
        """A background task of this (fixed) name failed."""
        self._task_failures.labels(task).inc()

    def render(self) -> bytes:
        """The text exposition format, version 0.0.4 (`content_type`)."""
        return generate_latest(self._registry)

    @property
    def content_type(self) -> str:
        """The Content-Type of `render`."""
        return CONTENT_TYPE_PLAIN_0_0_4


class _Durations(Collector):
    """A histogram without labels and locks, for what is counted with every turn. Of one thread, seconds."""

    def __init__(self, name: str, about: str, bounds: tuple[float, ...]) -> None:
        self._name, self._about, self._bounds = name, about, bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        self._sum += seconds
        self._counts[bisect_left(self._bounds, seconds)] += 1

    def collect(self) -> Iterable[Metric]:
        ends = [*map(floatToGoString, self._bounds), "+Inf"]
        buckets = list(zip(ends, accumulate(self._counts), strict=True))
        return (HistogramMetricFamily(self._name, self._about, buckets, self._sum),)


class _Labelled(Collector):
    """A family of one label, read at each scrape."""

    def __init__(self, make: Callable[[], _Family], counts: Callable[[], Mapping[str, int]]) -> None:
        self._make = make
        self._counts = counts

    def describe(self) -> Iterable[Metric]:
        return (self._make(),)

    def collect(self) -> Iterable[Metric]:
        family = self._make()
        for key, count in sorted(self._counts().items()):
            family.add_metric([key], count)
        return (family,)


class _Queues(Collector):
    def __init__(self, queues: Callable[[], Iterable[QueueGauge]]) -> None:
        self._queues = queues

    def describe(self) -> Iterable[Metric]:
        # Says which names there are without asking, for nobody waits when the server is being built.
        return self._families()

    def collect(self) -> Iterable[Metric]:
        waiting, oldest = self._families()
        for gauge in self._queues():
            waiting.add_metric([gauge.queue], gauge.waiting)
            oldest.add_metric([gauge.queue], gauge.oldest_wait_us / 1e6)
        return waiting, oldest

    @staticmethod
    def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
        return (
            GaugeMetricFamily("jackfield_queue_waiting", "Work items waiting now", labels=["queue"]),
            GaugeMetricFamily("jackfield_queue_oldest_wait_seconds", "How long the first has waited", labels=["queue"]),
        )
