"""The header by which what was done can be taken back."""

from aiohttp import web

from http_api.edits import ENTRY_HEADER, signed


def test_an_answer_names_its_entry() -> None:
    assert signed(web.Response(status=204), 7).headers[ENTRY_HEADER] == "7"
    assert ENTRY_HEADER not in signed(web.Response(status=204), 0).headers
