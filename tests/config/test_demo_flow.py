"""The demo's menu (requirement B2), walked key by key."""

import pytest

import config
from ivr.commands import Digit, Enqueue, Hangup, IvrCommand, Play, PromptFinished
from ivr.context import IvrContext
from ivr.machine import IvrMachine
from tests.config.conftest import DEMO

SITE = config.load(DEMO)


def call(keys: str) -> tuple[IvrMachine, list[IvrCommand], int]:
    machine = IvrMachine(SITE.flows["main"], IvrContext(SITE.is_open))
    now = 0
    done = machine.start(now)
    for key in keys:
        now += 300_000
        done += machine.handle(Digit(key), now)
    return machine, done, now


def queued(keys: str) -> Enqueue:
    last = call(keys)[1][-1]
    if isinstance(last, Play):
        # An order number is read back before the caller is queued.
        machine, _, now = call(keys)
        last = machine.handle(PromptFinished(last.play_id), now + 1)[-1]
    assert isinstance(last, Enqueue)
    return last


@pytest.mark.parametrize(
    ("keys", "queue", "path", "language"),
    [
        ("120231001#", "orders", ("orders",), "en"),
        ("2", "after_sales", ("after-sales",), "en"),
        ("0", "operator", ("operator",), "en"),
        ("*2", "after_sales", ("after-sales",), "en"),
        ("30", "operator", ("self-service", "operator"), "en"),
        ("81" + "1234#", "orders", ("中文", "orders"), "zh"),
        ("82", "after_sales", ("中文", "after-sales"), "zh"),
    ],
)
def test_keys_lead_to_queues(keys: str, queue: str, path: tuple[str, ...], language: str) -> None:
    enqueue = queued(keys)
    assert (enqueue.queue, enqueue.path, enqueue.language) == (queue, path, language)
    assert enqueue.requirements == ((("mandarin", 1),) if language == "zh" else ())
    assert enqueue.operator == (queue == "operator")


def test_the_order_number_comes_with_the_caller_and_gives_priority() -> None:
    enqueue = queued("120231001#")
    assert enqueue.data == {"order_number": "20231001", "topic": "order"}
    assert enqueue.priority == 5


@pytest.mark.parametrize("choice", ["1", "2"])
def test_self_service_answers_and_says_goodbye(choice: str) -> None:
    machine, done, _ = call("3" + choice)
    for _ in range(10):
        if machine.ended:
            break
        deadline = machine.next_deadline()
        assert deadline is not None
        done = machine.expire(deadline)
    assert done[-1] == Hangup("self_service", {}, ("self-service", "opening hours" if choice == "1" else "pickup"))


def test_whoever_presses_nothing_reaches_a_person() -> None:
    machine, done, _ = call("")
    while not machine.ended:
        deadline = machine.next_deadline()
        assert deadline is not None
        done = machine.expire(deadline)
    assert isinstance(done[-1], Enqueue)
    assert done[-1].queue == "operator"
