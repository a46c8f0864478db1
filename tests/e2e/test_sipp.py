"""SIP as others speak it: SIPp's built-in caller, scenarios of our own, and what no well-behaved program sends."""

import asyncio
import os
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.e2e.agents import Agent
from tests.e2e.office import Office, kinds, step
from tests.e2e.raw_sip import SDP, Answer, RawSip
from tests.e2e.server import Server
from tests.e2e.sipp import run_sipp, sipp
from tests.e2e.waiting import wait_until

# Only a BYE whose answer is lost, as every fourth is, is repeated and absorbed: one at least of so many in all but one
# of 100,000 runs.
LOSSY = 40
MALFORMED = (
    b"\x00\x01\x02\x03\xff\xfe",
    b"INVITE\r\n\r\n",
    b"INVITE sip:4000@127.0.0.1 SIP/2.0\r\nVia: \r\n\r\n",
    b"SIP/2.0 999999 What\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"INVITE sip:4000@127.0.0.1 SIP/2.0\r\n" + b"X-Long: " + b"a" * 20_000,
    os.urandom(1200),
)


@pytest.mark.sipp
async def test_its_built_in_caller_gets_through(running_server: Server, office: Office, tmp_path: Path) -> None:
    before = await office.sip_event("calls_in")
    (await run_sipp(running_server, tmp_path, "-sn", "uac", "-m", "20", "-r", "20", "-d", "300")).ok()
    assert await office.sip_event("calls_in") - before == 20
    await office.quiet()


@pytest.mark.sipp
async def test_it_gets_through_over_tcp(running_server: Server, office: Office, tmp_path: Path) -> None:
    before = await office.sip_event("calls_in")
    (await run_sipp(running_server, tmp_path, "-sn", "uac", "-t", "t1", "-m", "10", "-r", "20", "-d", "300")).ok()
    assert await office.sip_event("calls_in") - before == 10
    await office.quiet()


@pytest.mark.sipp
@pytest.mark.parametrize("scenario", ["digits_rfc4733", "digits_info"])
async def test_digits_lead_to_the_right_queue(
    scenario: str, running_server: Server, office: Office, tmp_path: Path
) -> None:
    number = f"{scenario}-caller"
    (await run_sipp(running_server, tmp_path, "-key", "caller", number, "-m", "1", scenario=scenario)).ok()
    view = await office.interaction(number)
    assert kinds(view).count("digit") == 1, "a digit that lasts over several packets is one digit"
    assert step(view, "digit")["detail"].startswith("2")
    assert step(view, "queued")["queue"] == "after_sales"
    assert view["record"]["outcome"] == "abandoned"
    await office.quiet()


async def test_a_call_can_be_taken_back_before_it_is_answered(running_server: Server, office: Office) -> None:
    with RawSip(running_server, "canceller") as raw:
        branch = "z9hG4bKcancel" + raw.tag
        process = psutil.Process(running_server.pid)
        process.suspend()  # so that the CANCEL is there when the INVITE is read
        try:
            raw.send(raw.request("INVITE", "4000", branch=branch, body=SDP.format(port=30000)))
            raw.send(raw.request("CANCEL", "4000", branch=branch))
        finally:
            process.resume()
        finals: dict[str, Answer] = {}
        while len(finals) < 2:
            answer = await asyncio.to_thread(raw.receive)
            if answer.status >= 200:
                finals["CANCEL" if " CANCEL\r\n" in answer.text else "INVITE"] = answer
        assert {name: answer.status for name, answer in finals.items()} == {"CANCEL": 200, "INVITE": 487}
        raw.send(raw.request("ACK", "4000", to=finals["INVITE"].to, branch=branch))
    await office.quiet()
    assert "answered" not in kinds(await office.interaction("canceller"))


@pytest.mark.sipp
async def test_callers_who_give_up_waiting_are_abandoned(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    arguments = ("-key", "caller", "impatient", "-m", "5", "-r", "10", "-d", "600")
    (await run_sipp(running_server, tmp_path, *arguments, scenario="abandon", entry="4100")).ok()
    await office.quiet()
    views = await office.interactions("impatient")
    assert [view["record"]["outcome"] for view in views] == ["abandoned"] * 5
    for view in views:
        assert 300_000 < view["record"]["wait_us"] < 60_000_000


@pytest.mark.sipp
@pytest.mark.parametrize("scenario", ["hold", "delayed_offer"])
async def test_hold_and_resume_are_answered_as_asked(
    running_server: Server, office: Office, tmp_path: Path, scenario: str
) -> None:
    async with Agent(running_server, "agent1", tmp_path) as agent:
        arguments = ("-key", "caller", scenario, "-m", "1")
        async with sipp(running_server, tmp_path, *arguments, scenario=scenario, entry="4100") as run:
            offer = await agent.take()
            await agent.joined()
            (await run).ok()
        await agent.finish(offer.reservation_id)
        view = await office.interaction(scenario)
        assert view["record"]["outcome"] == "handled"
        assert step(view, "ended")["by"] == "customer", "hold must not end the call"
        await agent.sign_out()
    await office.quiet()


@pytest.mark.sipp
async def test_lost_packets_are_made_good(running_server: Server, office: Office, tmp_path: Path) -> None:
    before, absorbed = await office.sip_event("calls_in"), await office.sip_event("absorbed")
    lasting = ("-max_invite_retrans", "12", "-max_non_invite_retrans", "12")
    arguments = ("-key", "caller", "lossy", "-m", str(LOSSY), "-r", "40", "-d", "300", *lasting)
    (await run_sipp(running_server, tmp_path, *arguments, scenario="lossy", entry="4100")).ok()
    assert await office.sip_event("calls_in") - before == LOSSY, "a repetition is not another call"
    assert await office.sip_event("absorbed") > absorbed, "nothing was lost: the test shows nothing"
    await office.quiet()

    async def recorded() -> bool:
        return {view["record"]["outcome"] for view in await office.interactions("lossy")} == {"abandoned"}

    await wait_until(recorded, 30, "the records have every one of them, abandoned")


async def test_repeated_requests_are_answered_again_and_count_once(running_server: Server, office: Office) -> None:
    before = await office.sip_event("calls_in")
    with RawSip(running_server, "stutterer") as raw:
        invite = raw.request("INVITE", "4100", branch="z9hG4bKrepeated" + raw.tag, body=SDP.format(port=30000))
        answer = await asyncio.to_thread(raw.exchange, invite)
        again = await asyncio.to_thread(raw.exchange, invite)
        assert answer.status == again.status == 200
        assert answer.to == again.to, "the repetition opened another dialog"
        raw.send(raw.request("ACK", "4100", to=answer.to))
        bye = raw.request("BYE", "4100", 2, to=answer.to, branch="z9hG4bKbye" + raw.tag)
        assert (await asyncio.to_thread(raw.exchange, bye)).status == 200
        assert (await asyncio.to_thread(raw.exchange, bye)).status == 200
        late = raw.request("BYE", "4100", 3, to=answer.to)
        assert (await asyncio.to_thread(raw.exchange, late)).status == 481, "the call is over"
    assert await office.sip_event("calls_in") - before == 1
    await office.quiet()


@pytest.mark.parametrize(
    ("method", "target", "status", "says"),
    [
        ("OPTIONS", "4000", 200, "Allow: "),
        ("SUBSCRIBE", "4000", 405, "Allow: "),
        ("JUMP", "4000", 501, ""),
        ("INVITE", "5555", 404, ""),
        ("INVITE", "agent1", 404, ""),
        ("INVITE", "2001", 404, ""),
        ("BYE", "4000", 481, ""),
        ("INFO", "4000", 481, ""),
        ("NOTIFY", "4000", 481, ""),
        ("REFER", "4000", 403, ""),
    ],
)
async def test_every_request_has_a_clean_final_answer(
    method: str, target: str, status: int, says: str, running_server: Server, office: Office
) -> None:
    with RawSip(running_server, "stranger") as raw:
        request = raw.request(method, target, body=SDP.format(port=30000) if method == "INVITE" else "")
        answer = await asyncio.to_thread(raw.exchange, request)
        assert answer.status == status
        assert says in answer.text
        if method == "INVITE":
            branch = request.split(b"branch=")[1].split(b";")[0].decode()
            raw.send(raw.request("ACK", target, to=answer.to, branch=branch))
            assert raw.is_silent(1.2), "the final answer was repeated although it was acknowledged"
    await office.quiet()


async def test_nonsense_is_counted_and_hurts_nobody(running_server: Server, office: Office) -> None:
    before = await office.sip_event("malformed")
    with RawSip(running_server, "vandal") as raw:
        for data in MALFORMED:
            raw.send(data)

        async def counted() -> bool:
            return await office.sip_event("malformed") - before == len(MALFORMED)

        await wait_until(counted, 30, f"{len(MALFORMED)} malformed messages counted")
    with RawSip(running_server, "asker") as raw:
        assert (await asyncio.to_thread(raw.exchange, raw.request("OPTIONS", "4000"))).status == 200
    assert await office.sip_event("internal_errors") == 0
    await office.quiet()


async def test_a_lost_ack_is_waited_for(running_server: Server, office: Office) -> None:
    with RawSip(running_server, "forgetful") as raw:
        invite = raw.request("INVITE", "4100", body=SDP.format(port=30000))
        answer = await asyncio.to_thread(raw.exchange, invite)
        assert (await asyncio.to_thread(raw.receive)).text == answer.text, "the 200 is repeated until the ACK comes"
        raw.send(raw.request("ACK", "4100", to=answer.to))
        assert await asyncio.to_thread(raw.is_silent, 1.2), "the 200 was repeated after the ACK"
        bye = raw.request("BYE", "4100", 2, to=answer.to)
        assert (await asyncio.to_thread(raw.exchange, bye)).status == 200
    view = await office.interaction("forgetful")
    assert "queued" in kinds(view)
    await office.quiet()


async def test_a_hasty_bye_needs_no_ack(running_server: Server, office: Office) -> None:
    with RawSip(running_server, "hasty") as raw:
        answer = await asyncio.to_thread(raw.exchange, raw.request("INVITE", "4100", body=SDP.format(port=30000)))
        bye = raw.request("BYE", "4100", 2, to=answer.to)
        assert (await asyncio.to_thread(raw.exchange, bye)).status == 200
        assert await asyncio.to_thread(raw.is_silent, 1.2), "the 200 to the INVITE is still repeated"
    await office.quiet()
