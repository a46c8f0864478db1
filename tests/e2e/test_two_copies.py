"""Copies beside each other, a second copy on the same data, and the end by SIGTERM."""

import asyncio
import signal
import subprocess
from pathlib import Path

from tests.e2e.agents import crew
from tests.e2e.callers import calling
from tests.e2e.office import Office
from tests.e2e.server import ROOT, Server
from tests.e2e.site import make_site

REFUSED_S = 60


async def test_two_copies_run_side_by_side_and_one_ends_in_the_middle_of_calls(
    running_server: Server, office: Office, tmp_path: Path
) -> None:
    other = Server(tmp_path, make_site(tmp_path))
    try:
        other.start()
        async with Office(other) as other_office, crew(other, tmp_path, "agent1") as agents:
            async with calling(other, tmp_path, "6001"):
                offer = await agents["agent1"].take()
                await agents["agent1"].joined()
            await agents["agent1"].finish(offer.reservation_id)
            assert (await office.agent("agent1"))["presence"] == "offline", "each copy has agents of its own"
            assert (await other_office.interaction("6001"))["record"]["outcome"] == "handled"
            assert await office.interactions("6001") == []
            async with calling(other, tmp_path, "6002") as talking:
                await agents["agent1"].take()
                await agents["agent1"].joined()
                async with calling(other, tmp_path, "6003") as waiting:
                    # In a thread, so that the callers can answer; it fails when a process of the server lives on.
                    assert await asyncio.to_thread(other.interrupt, signal.SIGTERM) == 0
                    assert other.errors() == []
                    # Both were told: a BYE is among the packets that wait for us.
                    await talking.ended.wait()
                    await waiting.ended.wait()
    finally:
        other.close()


def test_a_second_copy_on_the_same_data_is_refused(running_server: Server, tmp_path: Path) -> None:
    second = Server(tmp_path)
    second.data_dir = running_server.data_dir
    refused = subprocess.run(second.command(), cwd=ROOT, capture_output=True, text=True, timeout=REFUSED_S)
    assert refused.returncode == 2
    said = refused.stderr.splitlines()[-1]
    assert str(running_server.data_dir) in said
    assert "in use by another copy" in said
    assert "Traceback" not in refused.stderr
    assert "ready" not in refused.stdout.splitlines()


def test_a_taken_port_is_told_plainly(running_server: Server, tmp_path: Path) -> None:
    second = Server(tmp_path)
    second.sip_port = running_server.sip_port
    refused = subprocess.run(second.command(), cwd=ROOT, capture_output=True, text=True, timeout=REFUSED_S)
    assert refused.returncode == 2
    assert str(second.sip_port) in refused.stderr.splitlines()[-1]
    assert "Traceback" not in refused.stderr
    assert "ready" not in refused.stdout.splitlines()
