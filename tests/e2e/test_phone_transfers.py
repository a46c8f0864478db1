"""Real telephones hand a customer on and listen to calls, measured by what each of them hears."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from agents_ws import messages as m
from tests.audio import RATE_HZ, level, tone, write_wav
from tests.e2e.agents import PhoneAgent
from tests.e2e.baresip import Softphone, softphone
from tests.e2e.callers import calling
from tests.e2e.ears import TONES, CallerEar, loudness
from tests.e2e.office import Office, step
from tests.e2e.raw_sip import SDP, RawSip
from tests.e2e.server import Server
from tests.e2e.sipp import run_sipp
from tests.e2e.test_transfers import MUSIC, Scene, scene
from tests.e2e.waiting import wait_until

SPEECH_S = 60.0


@pytest.fixture(scope="module")
def site_times() -> dict[str, int]:
    return {"wrap_up_s": 3, "offer_timeout_s": 6}


@pytest.fixture(scope="module")
def site_edits() -> Callable[[Path], None]:
    """The supervisor speaks on a telephone as well."""

    def edit(site: Path) -> None:
        agents = site / "agents.toml"
        head, found, tail = agents.read_text().partition("[agents.supervisor1]")
        phone = 'station = "sip"\nsip_user = "2003"'
        agents.write_text(head + found + tail.replace('station = "webrtc"', phone, 1))

    return edit


@dataclass
class Desk:
    """agent5 at a telephone, who speaks with a caller."""

    phone: Softphone
    page: PhoneAgent
    reservation_id: str
    people: Scene
    folder: Path

    def sent(self, call: int) -> str:
        """A Replaces, escaped, that names the phone's n-th call, out of what it has sent and got."""
        trace = (self.folder / "baresip-2001" / "log").read_text(errors="replace")
        names = list(dict.fromkeys(re.findall(r"^Call-ID: (\S+)\r?$", trace, re.MULTILINE)))
        dialogs = {name: self._tags(trace, name) for name in names}
        known = [(name, tags) for name, tags in dialogs.items() if tags is not None]
        name, (ours, theirs) = known[call]
        return f"{name.replace('@', '%40')}%3Bto-tag%3D{ours}%3Bfrom-tag%3D{theirs}"

    @staticmethod
    def _tags(trace: str, name: str) -> tuple[str, str] | None:
        """The server's tag and the phone's, of the ACK in this call."""
        for message in re.split(r"(?=^ACK sip:|^SIP/2\.0 |^[A-Z]+ sip:)", trace, flags=re.MULTILINE):
            if message.startswith("ACK ") and f"Call-ID: {name}" in message and "tag=" in message:
                pair = [re.search(rf"^{row}: .*;tag=([^;\s]+)", message, re.MULTILINE) for row in ("From", "To")]
                sender, receiver = (found[1] if found else "" for found in pair)
                own = message.startswith("ACK sip:2001")  # ours, to the phone
                return (sender, receiver) if own else (receiver, sender)
        return None


@asynccontextmanager
async def at_the_phone(server: Server, folder: Path, number: str) -> AsyncIterator[Desk]:
    voice = write_wav(folder / "agent5.wav", tone(TONES["agent5"], seconds=SPEECH_S))
    async with (
        scene(server, folder) as people,
        softphone(server, folder, "2001", voice, register=True, trace=True) as phone,
        PhoneAgent(server, "agent5") as page,
        calling(server, folder, number) as caller,
    ):
        await phone.until("CALL_ESTABLISHED")
        people.ears["caller"] = CallerEar(caller, folder)
        await caller.speak_on("caller.wav")
        while (assignment := await page.until(m.Assignment)).state != "connected":
            pass
        yield Desk(phone, page, assignment.reservation_id, people, folder)
        await page.sign_out()


@pytest.mark.baresip
async def test_the_transfer_key_hands_the_customer_to_a_colleague(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    async with at_the_phone(running_server, tmp_path, "refer-1") as desk:
        one = await desk.people.enter("agent1")
        assert await desk.people.hear() == {"caller": {"agent5"}, "agent1": set()}
        await desk.phone.command("transfer", f"sip:agent1@{running_server.sip}")
        await desk.phone.until("CALL_CLOSED")
        offer = await one.take()
        await one.joined()
        assert await desk.people.hear() == {"caller": {"agent1"}, "agent1": {"caller"}}
        done = m.FinishWrapUp(ref=desk.page.ref(), reservation_id=desk.reservation_id, disposition="passed_on")
        await desk.page.ask(done)
        await one.ask(m.HangUp(ref=one.ref(), reservation_id=offer.reservation_id))
        await one.finish(offer.reservation_id)
    view = await office.interaction("refer-1")
    assert (view["record"]["outcome"], view["record"]["agent_id"]) == ("handled", "agent1")
    assert step(view, "transfer_asked") == {"agent": "agent1", "by": "agent5", "warm": "no"}
    await office.quiet()


@pytest.mark.baresip
async def test_a_second_call_asks_and_replaces_makes_it_a_transfer(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    async with at_the_phone(running_server, tmp_path, "refer-2") as desk:
        one = await desk.people.enter("agent1")
        # Nobody may be called out of the blue: the phone has to prove who it is, and the number to be allowed.
        await desk.phone.command("dial", f"sip:110@{running_server.sip}")
        refused = await desk.phone.until("CALL_CLOSED")
        assert "403" in refused["param"], refused
        await desk.phone.command("dial", f"sip:agent1@{running_server.sip}")
        offer = await one.take()
        await desk.phone.until("CALL_ESTABLISHED")
        assert await desk.people.hear() == {"caller": MUSIC, "agent1": {"agent5"}}
        await desk.phone.command("transfer", f"sip:refer-2@{running_server.sip}?Replaces={desk.sent(0)}")
        await desk.phone.until("CALL_CLOSED")
        await desk.phone.until("CALL_CLOSED")
        assert await desk.people.hear() == {"caller": {"agent1"}, "agent1": {"caller"}}
        done = m.FinishWrapUp(ref=desk.page.ref(), reservation_id=desk.reservation_id, disposition="passed_on")
        await desk.page.ask(done)
        await one.ask(m.HangUp(ref=one.ref(), reservation_id=offer.reservation_id))
        await one.finish(offer.reservation_id)
    view = await office.interaction("refer-2")
    assert step(view, "transfer_asked") == {"agent": "agent1", "by": "agent5", "warm": "yes"}
    assert step(view, "transfer_completed") == {"by": "agent5"}
    await office.quiet()


@pytest.mark.baresip
async def test_a_supervisor_listens_whispers_and_barges_in_by_telephone(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    voice = write_wav(tmp_path / "supervisor1.wav", tone(TONES["supervisor1"], seconds=SPEECH_S))
    async with (
        scene(running_server, tmp_path) as s,
        softphone(running_server, tmp_path, "2003", voice, register=True, trace=True) as phone,
    ):
        caller, one, first = await s.begin("listen-7")
        (call,) = (await office.get("calls"))["calls"]
        path = f"calls/{call['interaction_id']}/listener"

        async def listens() -> bool:
            return (await office.send("PUT", path, {"mode": "listen"}))[0] == 204

        await wait_until(listens, 30, "the telephone is registered, rung and answered")
        assert 'From: "Listen to agent1" <' in (tmp_path / "baresip-2003" / "log").read_text(errors="replace")
        assert await s.hear() == {"caller": {"agent1"}, "agent1": {"caller"}}
        await office.send("PUT", path, {"mode": "whisper", "agent_id": "agent1"})
        heard = await s.hear()
        assert heard["caller"] == {"agent1"}, "a whisper is not heard by the caller"
        assert heard["agent1"] == {"caller", "supervisor1"}
        await office.send("PUT", path, {"mode": "barge"})
        assert await s.hear() == {"caller": {"agent1", "supervisor1"}, "agent1": {"caller", "supervisor1"}}
        await phone.command("hangup")
        await phone.until("CALL_CLOSED")
        assert await s.hear() == {"caller": {"agent1"}, "agent1": {"caller"}}
        assert await office.send("DELETE", path) == (409, "not-listening"), "hanging up has ended it"
        sound = phone.heard()
        for name in ("caller", "agent1"):
            assert loudness(sound, TONES[name], RATE_HZ) > level(sound) / 5, f"{name} was not heard"
        assert loudness(sound, TONES["supervisor1"], RATE_HZ) < level(sound) / 30, "the own voice comes back"
        caller.hang_up()
        await one.finish(first)
    await office.quiet()


@pytest.mark.sipp
async def test_callers_refer_nobody(running_server: Server, office: Office, tmp_path: Path) -> None:
    (
        await run_sipp(
            running_server, tmp_path, "-key", "caller", "refer", "-m", "1", scenario="refer_refused", entry="4100"
        )
    ).ok()
    await office.quiet()


async def test_who_is_not_in_the_call_refers_nobody(running_server: Server, office: Office) -> None:
    refer = f"Refer-To: <sip:orders@{running_server.sip}>"
    with RawSip(running_server, "7100") as raw, RawSip(running_server, "7100") as thief:
        answer = await asyncio.to_thread(raw.exchange, raw.request("INVITE", "4100", body=SDP.format(port=30002)))
        raw.send(raw.request("ACK", "4100", to=answer.to))
        tag = answer.to.partition("tag=")[2]
        assert (await asyncio.to_thread(thief.exchange, thief.request("REFER", "4100", extra=refer))).status == 403
        guess = thief.request("REFER", "4100", 2, to=f"<sip:4100@{running_server.sip}>;tag={tag}", extra=refer)
        assert (await asyncio.to_thread(thief.exchange, guess)).status == 481
        theft = f"Replaces: {raw.call_id};to-tag={tag};from-tag={raw.tag}"
        taken = thief.request("INVITE", "4100", 3, body=SDP.format(port=30004), extra=theft)
        assert (await asyncio.to_thread(thief.exchange, taken)).status == 403
        bye = raw.request("BYE", "4100", 2, to=answer.to)
        assert (await asyncio.to_thread(raw.exchange, bye)).status == 200, "the call was up until now"
    await office.quiet()
