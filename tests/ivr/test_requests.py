"""What a flow asks of others on the way: look-ups, callbacks and messages, and what becomes of their answers."""

from typing import Any

from ivr.commands import (
    CallerLeft,
    CallerSilent,
    Enqueue,
    Hangup,
    KeepMessage,
    LookedUp,
    LookUp,
    Note,
    Play,
    Record,
    RequestCallback,
    RequestFailed,
    RequestKept,
)
from ivr.machine import KEEP_LIMIT_US
from tests.ivr.build import raw
from tests.ivr.line import Line, S, at_menu, notes, of


def _with(**nodes: dict[str, Any]) -> dict[str, Any]:
    """The flow with `5` leading to the first of these nodes."""
    mapping = raw()
    mapping["nodes"]["menu"]["choices"]["5"] = {"label": "more", "next": next(iter(nodes))}
    mapping["nodes"].update(nodes)
    return mapping


LOOKUP = {
    "kind": "lookup",
    "service": "shop",
    "path": "state",
    "query": {"phone": "{caller}"},
    "result": {"state": "order.state", "missing": "order.gone"},
    "timeout_s": 2,
    "next": "branch",
    "fallback": "operator",
}
BRANCH = {
    "kind": "condition",
    "cases": [{"key": "state", "equals": "sent", "next": "number"}],
    "otherwise": "bye",
}


def test_a_look_up_fills_data_that_a_condition_decides_on() -> None:
    line = at_menu(_with(ask=LOOKUP, branch=BRANCH))
    asked = line.press("5")
    assert of(LookUp, asked) == [LookUp(1, "shop", "state", {"phone": "12345"}, 2 * S)]
    assert line.machine.next_deadline() == line.now + 2 * S
    done = line.answer(LookedUp(1, {"order": {"state": "sent"}}))
    assert notes(done)[:2] == [("looked_up", "ask", "shop"), ("branch", "branch", "case 1: state")]
    assert line.machine.node == "number"
    assert of(Enqueue, line.press("123#"))[0].data == {"state": "sent", "order_number": "123"}


def test_a_look_up_that_fails_or_takes_too_long_leads_to_the_fallback() -> None:
    line = at_menu(_with(ask=LOOKUP, branch=BRANCH))
    line.press("5")
    assert notes(line.answer(RequestFailed(1, "http_500"))) == [("failed", "ask", "http_500")]
    slow = at_menu(_with(ask=LOOKUP, branch=BRANCH))
    slow.press("5")
    assert of(Enqueue, slow.silence())[0].operator
    assert slow.answer(LookedUp(1, {})) == []
    again = at_menu(_with(ask=LOOKUP | {"fallback": "menu"}, branch=BRANCH))
    again.press("5")
    again.silence()
    assert again.answer(LookedUp(1, {})) == [], "the answer to a look-up that was given up"
    assert again.machine.node == "menu"


def test_what_is_typed_during_a_look_up_answers_the_questions_to_come() -> None:
    line = at_menu(_with(ask=LOOKUP, branch=BRANCH))
    line.press("5")
    assert line.press("12345#") == []
    done = line.answer(LookedUp(1, {"order": {"state": "sent"}}))
    assert of(Play, done) == []
    assert of(Enqueue, done)[0].data["order_number"] == "12345"


def test_typed_ahead_skips_the_reading_back_and_the_terminator_by_habit() -> None:
    mapping = _with(ask=LOOKUP, branch=BRANCH)
    mapping["nodes"]["number"] |= {"read_back": True, "next": "menu-or-bye"}
    mapping["nodes"]["menu-or-bye"]["choices"]["#"] = {"label": "queue", "next": "queue"}
    line = at_menu(mapping)
    line.press("5")
    line.press("12345#1")
    done = line.answer(LookedUp(1, {"order": {"state": "sent"}}))
    assert ("digit", "menu-or-bye", "1 more") in notes(done)
    assert of(Play, done)[-1].prompts == ("en/menu",)


CALLBACK = {"kind": "callback", "queue": "orders", "next": "bye", "fallback": "operator"}


def test_a_callback_is_written_down_before_the_caller_goes_on() -> None:
    line = at_menu(_with(back=CALLBACK))
    asked = line.press("5")
    assert of(RequestCallback, asked) == [RequestCallback(1, "orders", "12345", (), ("more",), "en")]
    assert line.machine.next_deadline() == line.now + KEEP_LIMIT_US
    done = line.answer(RequestKept(1))
    assert done == [Note("callback", "back", "orders"), Hangup("self_service", {}, ("more",))]
    line = at_menu(_with(back=CALLBACK))
    line.press("5")
    assert of(Enqueue, line.answer(RequestFailed(1, "store_lost")))


VOICEMAIL = {
    "kind": "voicemail",
    "queue": "help",
    "prompts": ["info"],
    "max_s": 30,
    "silence_s": 4,
    "next": "bye",
    "fallback": "operator",
}


def recording() -> Line:
    line = at_menu(_with(mail=VOICEMAIL))
    line.press("5")
    assert line.press("#") == [], "the announcement is not cut short"
    assert line.played() == [Note("recording", "mail"), Record(1, 4 * S, KeepMessage(1, "help", (), ("more",), "en"))]
    assert line.machine.next_deadline() == line.now + 30 * S
    return line


def test_a_message_ends_with_the_hash_key_silence_or_the_longest_time() -> None:
    for end in ("hash", "silence", "time"):
        line = recording()
        assert line.press("1") == []
        match end:
            case "hash":
                done = line.press("#")
            case "silence":
                done = line.answer(CallerSilent(1))
            case _:
                done = line.silence()
        assert done == [KeepMessage(1, "help", (), ("more",), "en")]
        assert line.answer(CallerSilent(1)) == []
        assert of(Hangup, line.answer(RequestKept(1)))


def test_a_message_is_kept_when_the_caller_hangs_up() -> None:
    line = recording()
    done = line.machine.handle(CallerLeft(), line.now)
    assert done == [KeepMessage(1, "help", (), ("more",), "en"), Note("left", "mail")]
    assert line.machine.ended


def test_a_recording_that_cannot_begin_leads_to_the_fallback() -> None:
    assert of(Enqueue, recording().answer(RequestFailed(1, "record_failed")))
