"""What an edit of rules is answered: its audit entry, somebody who was first, or the mistakes that it has."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from http_api.middleware import REQUEST_ID
from http_api.problems import CONTENT_TYPE, Problem

# The header with the id of the audit entry of what was done: what `POST /audit/{id}/undo` takes back.
ENTRY_HEADER = "Audit-Entry"
ENTRY = web.RequestKey("entry", int)


class RulesChange(msgspec.Struct, frozen=True):
    """One edit; `before` and `after` hold the keys that were edited, as the site's files write them."""

    version: int
    at: int
    by: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    comment: str


class RulesConflict(Problem, frozen=True, kw_only=True):
    """409: somebody else was first. `changes` are theirs, oldest first; `version` is what holds now."""

    version: int
    changes: tuple[RulesChange, ...]


class BadRules(Problem, frozen=True, kw_only=True):
    """422: the edit makes no valid rules; `problems` as check-config would print them."""

    problems: tuple[str, ...]


class Conflict(msgspec.Struct, frozen=True):
    """What the overlay answers to a second writer."""

    version: int
    changes: tuple[RulesChange, ...]


class Invalid(msgspec.Struct, frozen=True):
    """What the overlay answers to rules that are not valid."""

    problems: tuple[str, ...]


def signed(response: web.Response, entry: int) -> web.Response:
    """The answer with its audit entry; without one when nothing was done."""
    if entry:
        response.headers[ENTRY_HEADER] = str(entry)
    return response


def edit_problem(request: web.Request, found: Conflict | Invalid) -> web.Response:
    """409 with what others changed, or 422 with the mistakes."""
    instance = f"urn:jackfield:request:{request[REQUEST_ID]}"
    if isinstance(found, Conflict):
        return _problem(
            RulesConflict(
                type="urn:jackfield:problem:changed-meanwhile",
                title="Conflict",
                status=409,
                detail=f"{found.changes[-1].by} changed this since.",
                instance=instance,
                version=found.version,
                changes=found.changes,
            )
        )
    return _problem(
        BadRules(
            type="urn:jackfield:problem:bad-rules",
            title="Unprocessable Entity",
            status=422,
            detail="; ".join(found.problems),
            instance=instance,
            problems=found.problems,
        )
    )


def _problem(problem: Problem) -> web.Response:
    return web.Response(
        status=problem.status,
        body=msgspec.json.encode(problem),
        content_type=CONTENT_TYPE,
        headers={"Cache-Control": "no-store"},
    )
