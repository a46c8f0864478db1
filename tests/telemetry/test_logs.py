"""Logs, read as they are written."""

import io
import json
import logging
from typing import Any

import pytest
import structlog

from telemetry.logs import about, configure


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def fail_and_log() -> None:
    secret = "hunter" + str(1 + 1)
    try:
        raise LookupError("gone" if secret else "")
    except LookupError:
        structlog.get_logger().exception("failed")


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_with_the_work_it_is_about() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    log = structlog.get_logger("voice.call")
    with about(work_id="w1", interaction_id="i1"):
        log.info("answered", leg="a")
    log.info("idle")
    first, second = lines(stream)
    assert (
        first.items()
        >= {
            "event": "answered",
            "leg": "a",
            "level": "info",
            "logger": "voice.call",
            "work_id": "w1",
            "interaction_id": "i1",
        }.items()
    )
    assert first["timestamp"].endswith("Z")
    assert "work_id" not in second


def test_ids_that_are_not_known_are_left_out() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    with about(interaction_id="i1"):
        structlog.get_logger().info("opened")
    assert "work_id" not in lines(stream)[0]


def test_the_standard_library_logs_alike() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    with about(work_id="w1"):
        logging.getLogger("aiohttp.server").warning("odd %s", "request", extra={"peer": "p"})
    assert (
        lines(stream)[0].items() >= {"event": "odd request", "work_id": "w1", "peer": "p", "level": "warning"}.items()
    )


def test_an_exception_is_one_line() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    fail_and_log()
    (line,) = lines(stream)
    assert line["exception"][0]["exc_type"] == "LookupError"


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_a_traceback_shows_no_local_variables(stream: io.StringIO) -> None:
    configure(stream=stream)
    fail_and_log()
    assert "gone" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


def test_people_get_text_on_a_terminal() -> None:
    stream = Terminal()
    configure(stream=stream)
    structlog.get_logger().info("ready", port=8080)
    assert "ready" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_json_can_be_asked_for_on_a_terminal() -> None:
    stream = Terminal()
    configure(stream=stream, json=True)
    structlog.get_logger().info("ready")
    assert lines(stream)[0]["event"] == "ready"


def test_secrets_do_not_get_out() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    structlog.get_logger().info("sign_in", account="anna", password="p4ss", token="t0k")
    assert "p4ss" not in stream.getvalue()
    assert "t0k" not in stream.getvalue()


def test_levels() -> None:
    stream = io.StringIO()
    configure("warning", stream)
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]
    with pytest.raises(ValueError, match="chatty"):
        configure("chatty", stream)


def test_configuring_again_replaces() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure(stream=first)
    configure(stream=second)
    structlog.get_logger().info("once")
    assert first.getvalue() == ""
    assert len(lines(second)) == 1


def test_libraries_that_tell_of_their_insides_are_heard_from_warnings_on() -> None:
    stream = io.StringIO()
    configure("debug", stream, json=True)
    talkative = logging.getLogger("alembic.runtime.plugins")
    talkative.info("setup plugin")
    talkative.warning("a plugin is missing")
    assert [line["event"] for line in lines(stream)] == ["a plugin is missing"]
