"""The OpenAPI 3.1 document, made from the route table and the types of its bodies."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from http_api.problems import CONTENT_TYPE, Problem
from http_api.routes import Route

_REFERENCE = "#/components/schemas/{name}"


def document(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """The whole document, as JSON values."""
    given = [(route.body, *route.replies.values(), *route.special_problems.values()) for route in routes]
    types = [type_ for each in given for type_ in each if type_ is not None]
    types.append(Problem)
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    schema_of = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Jackfield",
            "version": version,
            "description": "Times are integer microseconds since the epoch, durations integer microseconds.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, schema_of: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "responses": {
            str(status): _response(status, type_, route.media_type, schema_of)
            for status, type_ in route.replies.items()
        },
    }
    for status in _problems(route):
        operation["responses"][str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {CONTENT_TYPE: {"schema": schema_of[route.special_problems.get(status, Problem)]}},
        }
    if parameters := _parameters(route):
        operation["parameters"] = parameters
    if route.body is not None:
        content = {"application/json": {"schema": schema_of[route.body]}}
        operation["requestBody"] = {"required": True, "content": content}
    if route.roles is not None:
        operation["security"] = [{"session": []}]
        operation["x-roles"] = sorted(route.roles)
    return operation


def _problems(route: Route) -> list[int]:
    statuses = {*route.problems, *route.special_problems}
    if route.roles is not None:
        statuses |= {401, 403}
    if route.body is not None:
        statuses |= {400, 413, 415}
    return sorted(statuses)


def _response(status: int, type_: Any, media_type: str, schema_of: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if type_ is not None:
        found["content"] = {media_type: {"schema": schema_of[type_]}}
    elif media_type != "application/json":
        found["content"] = {media_type: {"schema": {"type": "string"}}}
    return found


def _parameters(route: Route) -> list[dict[str, Any]]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    in_query = [
        {"name": each.name, "in": "query", "description": each.description, "schema": dict(each.schema)}
        for each in route.query
    ]
    in_header = [{"name": name, "in": "header", "schema": {"type": "string"}} for name in route.headers]
    return in_path + in_query + in_header
