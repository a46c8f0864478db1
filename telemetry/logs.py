"""Structured logs: lines for people on a terminal, JSON otherwise, with the work and interaction they belong to."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
# Local variables hold passwords and personal data: a traceback shows where, not with what.
_PLAIN_FRAMES = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
# What libraries say at every start of their own insides.
_TALKATIVE = ("alembic.runtime.plugins",)
_SECRET_NAMES = frozenset({"password", "token", "authorization", "secret", "ha1", "cookie"})


def configure(level: str = "info", stream: TextIO | None = None, json: bool | None = None) -> None:
    """Sets up structlog and the standard library's logging for the whole process; may be called again.

    `stream` is standard error by default. `json` None: JSON unless the stream is a terminal. Raises ValueError for an
    unknown level.
    """
    if level not in LEVELS:
        raise ValueError(f"unknown log level {level!r}: one of {', '.join(LEVELS)}")
    stream = stream or sys.stderr
    as_json = not stream.isatty() if json is None else json
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _hide_secrets,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_render(as_json, stream)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level])
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(LEVELS[level], logging.WARNING))


@contextmanager
def about(*, work_id: str | None = None, interaction_id: str | None = None) -> Iterator[None]:
    """Every line logged inside, in this task and those it starts, carries these ids."""
    given = {"work_id": work_id, "interaction_id": interaction_id}
    with structlog.contextvars.bound_contextvars(**{name: value for name, value in given.items() if value}):
        yield


def _render(as_json: bool, stream: TextIO) -> list[Processor]:
    if as_json:
        return [structlog.processors.ExceptionRenderer(_PLAIN_FRAMES), structlog.processors.JSONRenderer()]
    renderer = structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)
    return [renderer]


def _hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name in _SECRET_NAMES & event.keys():
        event[name] = "(hidden)"
    return event
