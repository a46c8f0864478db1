"""Recordings of real calls: what is in the file for each side, who may hear it, and what a crash leaves."""

import asyncio
import hashlib
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest

from agents_ws import messages as m
from tests.audio import RATE_HZ, Sound
from tests.e2e.agents import sign_in
from tests.e2e.callers import calling
from tests.e2e.ears import HEARD, SILENT, TONES, loudness
from tests.e2e.office import Office, kinds, step
from tests.e2e.server import Server
from tests.e2e.site import AFTER_SALES, make_site
from tests.e2e.test_transfers import parties, scene
from tests.e2e.waiting import wait_until
from tests.media.phones import listen
from tools.call.caller import Caller

NOTICE = '\n[orders.recording]\nrule = "announced"\nprompts = ["recording-notice"]\nlongest_pause_s = 60\n'
QUESTION = '\n[after_sales.recording]\nrule = "consent"\nprompts = ["recording-question"]\nanswer_s = 2\n'
PART_S = 0.3
CLOCKS_S = 0.05
# A hold-up of this process, in which everybody speaks, is shorter than that; pauses and holds are longer.
TORN_PARTS = 4
Sides = tuple[frozenset[str], frozenset[str]]
SILENCE: Sides = (frozenset(), frozenset())


def record_calls(site: Path) -> None:
    with (site / "queues.toml").open("a") as file:
        file.write(NOTICE + QUESTION)


@pytest.fixture(scope="module")
def site_edits() -> Callable[[Path], None]:
    return record_calls


async def recording(office: Office, interaction: str, *, state: str = "complete") -> dict[str, Any]:
    """The row, once it is in this state."""

    async def find() -> dict[str, Any] | None:
        found: dict[str, Any] = await office.get(f"interactions/{interaction}/recording")
        return found if found["state"] == state else None

    found = await wait_until(find, 30, f"the recording is {state}", every_s=0.1)
    assert found is not None
    return found


def only_file(server: Server) -> Path:
    (path,) = (server.data_dir / "recordings").glob("*")
    return path


def chapters(path: Path) -> list[Sides]:
    """Whose tones are on the left and on the right, one entry for each change that lasts; borders are left out.

    It begins where both sides are heard for the first time: somebody may take a moment to speak. Where somebody is
    missing for a moment and all is as before then, or comes in later than others, a busy machine has torn a hole.
    """
    both = listen(path)
    size, found = round(PART_S * RATE_HZ), list[Sides | None]()
    for at in range(0, len(both) - size, size):
        left, right = (_names(np.ascontiguousarray(both[at : at + size, side])) for side in (0, 1))
        found.append(None if left is None or right is None else (left, right))
    lasting = [one for one, after in itertools.pairwise(found) if one is not None and one == after]
    talking = list(itertools.dropwhile(lambda one: not (one[0] and one[1]), lasting))
    runs = [(one, len(list(same))) for one, same in itertools.groupby(talking)]
    whole = [one for index, (one, _) in enumerate(runs) if not _torn(runs, index)]
    return [one for one, _ in itertools.groupby(whole)]


def _torn(runs: list[tuple[Sides, int]], index: int) -> bool:
    if not 0 < index < len(runs) - 1 or runs[index][1] >= TORN_PARTS:
        return False
    before, now, after = (one for one, _ in runs[index - 1 : index + 2])
    return _within(now, after) and (before == after or _within(before, now))


def _within(fewer: Sides, more: Sides) -> bool:
    return fewer[0] <= more[0] and fewer[1] <= more[1]


def _names(sound: Sound) -> frozenset[str] | None:
    """None where a tone is neither heard nor silent: it begins or ends there."""
    strengths = {name: loudness(sound, hertz, RATE_HZ) for name, hertz in TONES.items()}
    if any(SILENT < strength < HEARD for strength in strengths.values()):
        return None
    return frozenset(name for name, strength in strengths.items() if strength >= HEARD)


def talk(*agents: str) -> Sides:
    return frozenset({"caller"}), frozenset(agents)


async def shown(agent: Any, state: str) -> m.Recording:
    """Waits until the agent's page shows the recording so."""
    async with asyncio.timeout(30):
        while True:
            call: m.Call = await agent.until(m.Call)
            if call.recording is not None and call.recording.state == state:
                return call.recording


async def test_one_file_across_hold_consult_and_transfer_without_what_was_paused(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    async with scene(running_server, tmp_path) as s:
        _, one, first = await s.begin("record-1")
        await s.come_to_hear(caller={"agent1"}, agent1={"caller"})
        await one.ask(m.Hold(ref=one.ref(), reservation_id=first, on=True))
        assert (await shown(one, "silent")).may_pause
        await s.come_to_hear(caller={"music"})
        await one.ask(m.Hold(ref=one.ref(), reservation_id=first, on=False))
        await s.hear()
        four = await s.enter("agent4")
        await one.ask(m.Transfer(ref=one.ref(), reservation_id=first, agent="agent4", warm=True))
        second = (await four.take()).reservation_id
        await parties(one, customer="held", agent1="here", agent4="here")
        await s.come_to_hear(agent1={"agent4"})
        await one.ask(m.Conference(ref=one.ref(), reservation_id=first))
        await s.come_to_hear(caller={"agent1", "agent4"})
        await one.ask(m.CompleteTransfer(ref=one.ref(), reservation_id=first))
        await one.finish(first, "passed_on")
        await s.hear()
        asked = time.monotonic()
        await four.ask(m.PauseRecording(ref=four.ref(), reservation_id=second, on=True))
        assert (await shown(four, "paused")).by == "agent4"
        paused = time.monotonic()
        await s.come_to_hear(caller={"agent4"}, agent1=set(), agent4={"caller"})  # they still talk
        ended = time.monotonic()
        await four.ask(m.PauseRecording(ref=four.ref(), reservation_id=second, on=False))
        over = time.monotonic()
        await s.hear()
        view = await office.interaction("record-1", state=None)
        body = {"on": True, "comment": "payment page"}
        assert await office.send("PUT", f"calls/{view['record']['id']}/recording-pause", body) == (204, "")
        assert (await shown(four, "paused")).by == "supervisor1"
        await s.hear()
        await four.ask(m.HangUp(ref=four.ref(), reservation_id=second))
        await four.finish(second)
    view = await office.interaction("record-1")
    row = await recording(office, view["record"]["id"])
    path = only_file(running_server)
    assert chapters(path) == [
        talk("agent1"),
        SILENCE,
        talk("agent1"),
        SILENCE,
        talk("agent1", "agent4"),
        talk("agent4"),
        SILENCE,
        talk("agent4"),
        SILENCE,
    ]
    assert (row["told"], row["agents"]) == ("announced", ["agent1", "agent4"])
    assert (row["size"], row["sha256"]) == (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    assert [pause["by"] for pause in row["pauses"]] == ["agent4", "supervisor1"]
    lasted_s = (row["pauses"][0]["until_us"] - row["pauses"][0]["at_us"]) / 1e6
    assert ended - paused - CLOCKS_S < lasted_s < over - asked + CLOCKS_S
    assert step(view, "recording_notice") == {"answer": "announced"}
    assert kinds(view).index("recording_notice") < kinds(view).index("queued")
    assert view["record"]["recording"] == "complete"
    await playback(running_server, office, view["record"]["id"], path)
    await office.quiet()


async def playback(server: Server, office: Office, interaction: str, path: Path) -> None:
    """By range, by those who may, each listening with an audit line; then it is removed."""
    data = path.read_bytes()
    async with aiohttp.ClientSession() as http:

        async def ask(account: str, method: str, ending: str = "") -> tuple[int, Any]:
            headers = {"Authorization": f"Bearer {await sign_in(server, http, account)}"}
            url = f"{server.base}/api/v1/interactions/{interaction}/recording{ending}"
            async with http.request(method, url, headers=headers) as answer:
                return answer.status, await answer.json() if answer.status in (200, 201) else None

        assert (await ask("agent2", "POST", "/listening"))[0] == 404, "somebody else's call"
        assert (await ask("agent1", "POST", "/listening"))[0] == 201, "the agent's own"
        _, given = await ask("supervisor1", "POST", "/listening")
        async with http.get(f"{server.base}{given['url']}") as whole:
            assert (whole.content_type, await whole.read()) == ("audio/ogg", data)
            assert whole.headers["Cache-Control"] == "no-store"
        async with http.get(f"{server.base}{given['url']}", headers={"Range": "bytes=100-299"}) as part:
            assert (part.status, await part.read()) == (206, data[100:300])
            assert part.headers["Content-Range"] == f"bytes 100-299/{len(data)}"
        async with http.get(f"{server.base}/api/v1/recordings/guessed") as guessed:
            assert guessed.status == 404
        audit = (await office.get("audit?limit=100"))["items"]
        heard = [(one["by"], one["subject"]) for one in audit if one["action"] == "hear_recording"]
        assert heard == [("supervisor1", f"recording:{interaction}"), ("agent1", f"recording:{interaction}")]
        assert [one["after"] for one in audit if one["action"] == "pause_recording"] == [{"paused": True}]
        assert (await ask("supervisor1", "DELETE"))[0] == 403
        assert (await ask("admin1", "DELETE"))[0] == 204
        assert not path.exists()
        assert (await ask("admin1", "DELETE"))[0] == 409
        assert (await ask("supervisor1", "POST", "/listening"))[0] == 409
        async with http.get(f"{server.base}{given['url']}") as gone:
            assert gone.status == 404
    row = await office.get(f"interactions/{interaction}/recording")
    assert (row["state"], row["removed_by"], row["here"]) == ("removed", "admin1", False)


async def answered(office: Office, caller: Caller, number: str, key: str) -> None:
    """Pressed until it is heard: before the question nobody listens."""

    async def told() -> bool:
        await caller.press(key)
        return any("recording_notice" in kinds(view) for view in await office.interactions(number))

    await wait_until(told, 30, "the question has its answer", every_s=0.5)


@pytest.mark.parametrize(("key", "answer"), [("2", "refused"), ("", "no_answer"), ("1", "given")])
async def test_consent_decides_whether_there_is_a_file(
    running_server: Server, office: Office, tmp_path: Path, key: str, answer: str
) -> None:
    folder = running_server.data_dir / "recordings"
    before = set(folder.glob("*")) if folder.exists() else set()
    number = f"consent-{answer}"
    async with scene(running_server, tmp_path) as s:
        # Before the call: to sign in may take longer than there is time for the answer.
        two = await s.enter("agent2")
        async with calling(running_server, tmp_path, number, AFTER_SALES) as caller:
            if key:
                await answered(office, caller, number, key)
            offer = await two.take()
            await two.joined()
            await two.ask(m.Mute(ref=two.ref(), reservation_id=offer.reservation_id, on=True))
            call = await two.until(m.Call)
            assert (call.recording is not None) is (answer == "given")
            view = await office.story_has(number, "recording_notice")
            assert step(view, "recording_notice") == {"answer": answer}
            await two.ask(m.HangUp(ref=two.ref(), reservation_id=offer.reservation_id))
            await two.finish(offer.reservation_id)
    interaction = (await office.interaction(number))["record"]
    if answer == "given":
        assert (await recording(office, interaction["id"]))["told"] == "given"
        assert len(set(folder.glob("*")) - before) == 1
    else:
        assert interaction["recording"] is None
        assert (await office.send("GET", f"interactions/{interaction['id']}/recording"))[0] == 404
        assert (set(folder.glob("*")) if folder.exists() else set()) == before
    await office.quiet()


@pytest.fixture
def mortal_server(tmp_path: Path) -> Iterator[Server]:
    """A server of this test's own, that may die or lose its media worker."""
    site = make_site(tmp_path)
    record_calls(site)
    server = Server(tmp_path, site)
    try:
        server.start()
        yield server
        assert server.interrupt() == 0
    finally:
        server.close()


@pytest.mark.parametrize("victim", ["media.worker", "server"])
async def test_what_was_recorded_before_a_kill_9_can_be_heard(
    mortal_server: Server, tmp_path: Path, victim: str
) -> None:
    server = mortal_server
    async with scene(server, tmp_path) as s:
        _, one, first = await s.begin("killed-1")
        async with Office(server) as office:
            interaction = (await office.interaction("killed-1", state=None))["record"]["id"]
            await s.hear()
            await s.hear()
            if victim == "server":
                server.kill()
                s.agents.clear()  # their connections are gone with it
            else:
                server.child("media.worker").kill()
                await one.finish(first)
                row = await recording(office, interaction, state="incomplete")
    if victim == "server":
        server.start()
        async with Office(server) as office:
            row = await recording(office, interaction, state="incomplete")
    path = only_file(server)
    assert chapters(path) == [talk("agent1")]
    assert row["duration_us"] > 1_500_000
    assert row["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
