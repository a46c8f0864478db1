"""What callers left: who sees it, who takes it off the list, and which file is sent."""

from pathlib import Path

import pytest

from records.follow_ups import FollowUps
from tests.http_api.conftest import Site
from tests.records.turns import START

LIST = "/api/v1/follow-ups"
WAV = b"RIFF....WAVE"


async def leave(site: Site, queue: str = "orders", file: str = "i1-1.wav") -> int:
    """A message whose file is said to be `file`."""
    book = FollowUps(site.database)
    return await book.voicemail("i1", queue, "+86138", "zh", ("2",), START, file=file, duration_us=7)


async def ask_back(site: Site, queue: str = "orders") -> int:
    return await FollowUps(site.database).callback("i2", queue, "+32255", "en", (), START)


async def ids(site: Site, account: str, query: str = "") -> list[int]:
    status, body = await site.send(account, "GET", LIST + query)
    assert status == 200
    return [item["id"] for item in body["items"]]


async def hear(site: Site, account: str, what: int | str) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {await site.token(account)}"}
    async with site.client.get(f"{LIST}/{what}/recording", headers=headers) as answer:
        if answer.status == 200:
            assert answer.content_type == "audio/wav"
            assert answer.headers["Cache-Control"] == "no-store"
        return answer.status, await answer.read()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.wav").write_bytes(b"secret")
    made = tmp_path / "messages"
    made.mkdir()
    (made / "i1-1.wav").write_bytes(WAV)
    return made


async def test_open_ones_in_order_and_by_kind_and_queue(site: Site) -> None:
    first, second, third = await ask_back(site), await leave(site), await ask_back(site, "experts")
    assert await ids(site, "ada") == [first, second, third]
    assert await ids(site, "ada", "?kind=callback") == [first, third]
    assert await ids(site, "ada", "?kind=voicemail&queue=orders") == [second]
    assert await ids(site, "ada", "?limit=1") == [first]
    _, body = await site.get("ada", LIST + "?kind=voicemail")
    assert body["items"] == [
        {
            "id": second,
            "kind": "voicemail",
            "interaction_id": "i1",
            "queue": "orders",
            "number": "+86138",
            "language": "zh",
            "path": "2",
            "duration_us": 7,
            "created_at": START,
            "queue_title": "Orders",
            "taken_by": None,
            "taken_by_name": "",
            "taken_at": None,
            "done_at": None,
            "done_by": None,
            "note": None,
            "name": None,
            "text": None,
        }
    ]


@pytest.mark.parametrize("query", ["?kind=fax", "?limit=0", "?limit=501", "?state=lost", "?taken=all"])
async def test_what_cannot_be_asked(site: Site, query: str) -> None:
    assert (await site.get("ada", LIST + query))[0] == 400


@pytest.mark.parametrize("account", ["anna", "sam"])
async def test_queues_of_other_teams_are_as_if_they_were_not_there(site: Site, folder: Path, account: str) -> None:
    own, other = await leave(site), await leave(site, "experts")
    assert await ids(site, account) == [own]
    assert await ids(site, account, "?queue=experts") == []
    assert (await hear(site, account, own), (await hear(site, account, other))[0]) == ((200, WAV), 404)
    assert (await site.send(account, "POST", f"{LIST}/{other}/done"))[0] == 404
    assert await ids(site, "ada") == [own, other]


async def test_a_program_sees_none(site: Site) -> None:
    this = await leave(site)
    for method, path in (("GET", LIST), ("GET", f"{LIST}/{this}/recording"), ("POST", f"{LIST}/{this}/done")):
        assert (await site.send("crm", method, path))[0] == 403


async def test_done_once_and_still_to_be_heard(site: Site, folder: Path) -> None:
    this = await leave(site)
    site.clock.advance(5)
    assert await site.send("anna", "POST", f"{LIST}/{this}/done") == (204, None)
    status, problem = await site.send("sam", "POST", f"{LIST}/{this}/done")
    assert (status, problem["type"]) == (409, "urn:jackfield:problem:already-done")
    assert await ids(site, "ada") == []
    kept = await FollowUps(site.database).get(this)
    assert kept is not None
    assert (kept.done_by, kept.done_at) == ("anna", site.clock.now)
    assert await hear(site, "sam", this) == (200, WAV)


@pytest.mark.parametrize("what", ["99", "x", "-1", "9" * 30, "%2e%2e"])
async def test_what_is_not_there(site: Site, folder: Path, what: str) -> None:
    assert (await hear(site, "ada", what))[0] == 404
    assert (await site.send("ada", "POST", f"{LIST}/{what}/done"))[0] == 404


async def test_a_callback_and_a_lost_file_have_no_recording(site: Site, folder: Path) -> None:
    assert (await hear(site, "ada", await ask_back(site)))[0] == 404
    assert (await hear(site, "ada", await leave(site, file="gone.wav")))[0] == 404


@pytest.mark.parametrize("file", ["../secret.wav", "link.wav", ".", "..", "a/../i1-1.wav", ""])
async def test_no_file_outside_the_folder_is_sent(site: Site, folder: Path, file: str) -> None:
    (folder / "link.wav").symlink_to(folder.parent / "secret.wav")
    assert (await hear(site, "ada", await leave(site, file=file)))[0] == 404


async def take(site: Site, account: str, what: int, agent_id: str | None, was: str | None = None) -> int:
    return (await site.send(account, "POST", f"{LIST}/{what}/take", {"agent_id": agent_id, "was": was}))[0]


async def test_an_agent_takes_what_nobody_has_and_puts_back_the_own(site: Site) -> None:
    this, other = await leave(site), await ask_back(site, "experts")
    assert await take(site, "anna", this, "anna") == 204
    (item,) = (await site.get("anna", LIST))[1]["items"]
    assert (item["taken_by"], item["taken_by_name"], item["taken_at"]) == ("anna", "ANNA", site.clock.now)
    assert (await ids(site, "anna", "?taken=me"), await ids(site, "anna", "?taken=nobody")) == ([this], [])
    assert await take(site, "anna", this, "anna") == 409, "it is not nobody's any more"
    assert await take(site, "anna", this, "trainee", "anna") == 403, "only supervisors give it to others"
    assert await take(site, "anna", this, None, "dora") == 403
    assert await take(site, "anna", other, "anna") == 404
    assert await take(site, "anna", this, None, "anna") == 204
    assert await ids(site, "anna", "?taken=nobody") == [this]
    assert await take(site, "trainee", this, "trainee") == 403, "an account without an agent takes nothing"


async def test_a_supervisor_gives_it_to_the_own_agents_and_the_second_writer_is_told(site: Site) -> None:
    this = await leave(site)
    assert await take(site, "sam", this, "dora") == 422, "of another team"
    assert await take(site, "sam", this, "anna") == 204
    status, problem = await site.send("sam", "POST", f"{LIST}/{this}/take", {"agent_id": "trainee", "was": None})
    assert (status, problem["type"]) == (409, "urn:jackfield:problem:changed-meanwhile")
    assert await take(site, "sam", this, "trainee", "anna") == 204
    status, problem = await site.send("anna", "POST", f"{LIST}/{this}/done", {"note": "mine"})
    assert (status, problem["type"]) == (409, "urn:jackfield:problem:changed-meanwhile")
    assert (await site.send("sam", "POST", f"{LIST}/{this}/done", {"note": "  called back \n"}))[0] == 204
    (item,) = (await site.get("sam", LIST + "?state=done"))[1]["items"]
    assert (item["id"], item["note"], item["done_by"]) == (this, "called back", "sam")
    assert (await site.send("sam", "POST", f"{LIST}/{this}/done", {"note": "x" * 4001}))[0] == 400


async def test_who_took_heard_and_finished_is_audited_without_what_is_personal(site: Site, folder: Path) -> None:
    this = await leave(site)
    await take(site, "anna", this, "anna")
    assert (await hear(site, "anna", this))[0] == 200
    await site.send("anna", "POST", f"{LIST}/{this}/done", {"note": "+86138 was called"})
    log = (await site.get("sam", "/api/v1/audit"))[1]["items"]
    assert [(one["action"], one["by"], one["subject"], one["after"]) for one in reversed(log)] == [
        ("take_follow_up", "anna", f"follow_up:{this}", {"agent_id": "anna"}),
        ("hear_recording", "anna", f"follow_up:{this}", {"heard": True}),
        ("finish_follow_up", "anna", f"follow_up:{this}", {"done": True}),
    ]
    assert "86138" not in str(log)


@pytest.mark.parametrize(("asked", "status", "body"), [
    ("bytes=0-3", 206, WAV[:4]),
    ("bytes=1-", 206, WAV[1:]),
    ("bytes=-4", 206, WAV[-4:]),
    ("bytes=99-", 416, None),
])  # fmt: skip
async def test_nobody_hears_a_part_without_an_entry(
    site: Site, folder: Path, asked: str, status: int, body: bytes | None
) -> None:
    this = await leave(site)
    headers = {"Authorization": f"Bearer {await site.token('anna')}", "Range": asked}
    async with site.client.get(f"{LIST}/{this}/recording", headers=headers) as answer:
        assert answer.status == status
        assert body in (None, await answer.read())
    (entry,) = (await site.get("sam", "/api/v1/audit"))[1]["items"]
    assert (entry["action"], entry["by"], entry["subject"]) == ("hear_recording", "anna", f"follow_up:{this}")
