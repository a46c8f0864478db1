"""The routes of chats in the table that the OpenAPI document is drawn from."""

from pathlib import Path

from chat.endpoint import ChatEndpoint
from http_api.openapi import document
from server.chats.chat_service import _row
from tests.chat.house import house


async def test_every_operation_is_described(tmp_path: Path) -> None:
    async with house(tmp_path) as place:
        rows = [_row(route) for route in ChatEndpoint(place.conductor, place.files, place.router.now).routes()]
    paths = document(rows, "1")["paths"]
    assert sorted(paths) == [
        "/chat/v1/chats",
        "/chat/v1/chats/{id}/end",
        "/chat/v1/chats/{id}/files",
        "/chat/v1/chats/{id}/files/{file}",
        "/chat/v1/chats/{id}/messages",
        "/chat/v1/chats/{id}/rating",
        "/chat/v1/chats/{id}/receipt",
        "/chat/v1/chats/{id}/typing",
        "/chat/v1/chats/{id}/{what}",
        "/chat/v1/entries/{name}",
        "/chat/v1/left-messages",
        "/chat/v1/ws",
    ]
    read = paths["/chat/v1/chats/{id}/messages"]["get"]
    assert {each["name"] for each in read["parameters"]} == {"id", "after", "version", "wait"}
    send = paths["/chat/v1/chats/{id}/files"]["post"]
    assert {each["name"] for each in send["parameters"]} == {"id", "client_id", "name"}
    operations = [one["operationId"] for path in paths.values() for one in path.values()]
    assert len(set(operations)) == len(operations)
