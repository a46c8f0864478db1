"""Metrics, read back from the exposition format."""

from prometheus_client.parser import text_string_to_metric_families

from telemetry.metrics import Metrics, QueueGauge


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """(name, label values ...) -> value."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
    }


def test_every_method_shows() -> None:
    metrics = Metrics()
    metrics.queued("orders")
    metrics.offered("orders")
    metrics.offer_ended("orders", "expired")
    metrics.answered("orders", 9_000_000, within_target=True)
    metrics.answered("orders", 11_000_000, within_target=False)
    metrics.abandoned("orders")
    metrics.decided(40)
    metrics.committed(600)
    metrics.watch_journal(lambda: 7)
    metrics.task_failed("projector")
    metrics.recorded("complete")
    found = samples(metrics)
    expected = {
        ("jackfield_queued_total", "orders"): 1,
        ("jackfield_offers_total", "orders"): 1,
        ("jackfield_offer_results_total", "orders", "expired"): 1,
        ("jackfield_answered_total", "orders"): 2,
        ("jackfield_answered_within_target_total", "orders"): 1,
        ("jackfield_abandoned_total", "orders"): 1,
        ("jackfield_wait_seconds_sum", "orders"): 20,
        ("jackfield_wait_seconds_bucket", "10.0", "orders"): 1,
        ("jackfield_decision_seconds_bucket", "5e-05"): 1,
        ("jackfield_decision_seconds_bucket", "2.5e-05"): 0,
        ("jackfield_commit_seconds_count",): 1,
        ("jackfield_journal_lag_entries",): 7,
        ("jackfield_task_failures_total", "projector"): 1,
        ("jackfield_recordings_total", "complete"): 1,
    }
    assert {key: found.get(key) for key in expected} == expected


def test_queues_are_asked_at_each_scrape_and_not_before() -> None:
    metrics = Metrics()
    now: list[QueueGauge] = []
    asked: list[int] = []

    def queues() -> list[QueueGauge]:
        asked.append(1)
        return now

    metrics.watch_queues(queues)
    assert asked == []
    now.append(QueueGauge("orders", waiting=4, oldest_wait_us=2_500_000))
    found = samples(metrics)
    assert found["jackfield_queue_waiting", "orders"] == 4
    assert found["jackfield_queue_oldest_wait_seconds", "orders"] == 2.5
    now.clear()
    assert ("jackfield_queue_waiting", "orders") not in samples(metrics)


def test_instances_do_not_mix() -> None:
    first, second = Metrics(), Metrics()
    first.watch_journal(lambda: 3)
    assert samples(second)["jackfield_journal_lag_entries",] == 0


def test_what_is_open_and_what_sip_counted_are_asked_at_each_scrape() -> None:
    metrics = Metrics()
    legs, malformed = 2, 5
    metrics.watch_open(lambda: {"media_legs": legs, "calls": 1})
    metrics.watch_sip(lambda: {"malformed": malformed})
    metrics.watch_alerts(lambda: {"backlog": legs})
    assert samples(metrics)["jackfield_open", "media_legs"] == 2
    assert samples(metrics)["jackfield_alerts_open", "backlog"] == 2
    legs, malformed = 0, 6
    found = samples(metrics)
    assert (found["jackfield_open", "media_legs"], found["jackfield_open", "calls"]) == (0, 1)
    assert found["jackfield_sip_events_total", "malformed"] == 6


def test_content_type_is_the_text_format() -> None:
    assert Metrics().content_type.startswith("text/plain; version=0.0.4")
