"""The function library: one file a function, named by content, on a server that is new enough."""

import re
from pathlib import Path

import pytest

from store.connection import open_store
from store.errors import StoreTooOld
from store.library import check_version, library

FILES = sorted(Path("store/lua").glob("*.lua"))


def test_the_name_follows_the_content() -> None:
    made = library()
    assert re.fullmatch(r"jackfield_[0-9a-f]{8}", made.name)
    assert made.source.startswith(f"#!lua name={made.name}\n")
    assert made.function("commit") == f"commit_{made.name[-8:]}"


def _numbers(word: str, text: str) -> set[int]:
    return set(map(int, re.findall(rf"\b{word}\[(\d+)\]", text)))


@pytest.mark.parametrize("file", [file for file in FILES if file.stem != "shared"], ids=lambda file: file.stem)
def test_each_file_is_one_documented_function(file: Path) -> None:
    text = file.read_text()
    assert re.findall(r"^local function (\w+)", text, re.MULTILINE) == [file.stem]
    header, body = text[: (end := text.index("local function"))], text[end:]
    packed = "cmsgpack.unpack(argv[1])" in body
    keys, args = (_numbers(word, header) for word in ("KEYS", "args" if packed else "ARGV"))
    used_keys, used_args = (_numbers(word, body) for word in ("keys", "args"))
    assert used_keys <= keys
    assert used_args <= args
    assert "-- Returns" in header


async def test_opening_twice_keeps_one_library_and_other_versions(store_url: str) -> None:
    connection = await open_store(store_url)
    other = library().source.replace(library().suffix, "00000000")
    await connection.run("FUNCTION", "LOAD", "REPLACE", other)
    again = await open_store(store_url)
    found = {
        entry[b"library_name"] if isinstance(entry, dict) else entry[1] for entry in await again.run("FUNCTION", "LIST")
    }
    assert {b"jackfield_00000000", library().name.encode()} <= found
    await again.run("FUNCTION", "DELETE", "jackfield_00000000")
    await connection.aclose()
    await again.aclose()


@pytest.mark.parametrize(
    ("info", "message"),
    [
        ({"redis_version": "6.2.14"}, r"Redis 6\.2\.14 is too old"),
        ({"redis_version": "7.2.4", "valkey_version": "7.1.0"}, r"Valkey 7\.1\.0 is too old"),
    ],
)
def test_older_servers_are_refused(info: dict[str, str], message: str) -> None:
    with pytest.raises(StoreTooOld, match=message):
        check_version(info)


@pytest.mark.parametrize(
    "info",
    [{"redis_version": "7.0.0"}, {"redis_version": "8.2.1"}, {"redis_version": "7.2.4", "valkey_version": "7.2.5"}],
)
def test_the_floor_and_newer_are_accepted(info: dict[str, str]) -> None:
    check_version(info)
