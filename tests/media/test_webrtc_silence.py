"""When a WebRTC peer counts as gone: by its silence, or without its consent (RFC 7675)."""

import asyncio
import itertools
import time

import pytest

from media import codecs, rtp, webrtc_ice
from tests.media.test_webrtc import connected
from tests.waiting import until


async def test_a_peer_that_is_idle_and_answers_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but answered checks, for several times the silence that a peer is allowed."""
    monkeypatch.setattr(webrtc_ice, "CONSENT_INTERVAL_S", 0.2)
    monkeypatch.setattr(webrtc_ice, "LOOK_EVERY_S", 0.05)
    async with connected() as (_, _, side):
        monkeypatch.setattr(webrtc_ice, "SILENCE_LIMIT_S", 0.5)
        await asyncio.sleep(1.5)
        assert side.states == ["connected"]


async def test_sound_alone_is_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webrtc_ice, "CONSENT_INTERVAL_S", 60)
    monkeypatch.setattr(webrtc_ice, "LOOK_EVERY_S", 0.05)
    async with connected() as (_, peer, side):
        peer.send(rtp.build(0, 99, 99 * 160, 7, codecs.silence("PCMU", 160)))
        await until(lambda: len(side.packets) == 1)
        monkeypatch.setattr(webrtc_ice, "SILENCE_LIMIT_S", 0.4)
        for n in range(20):
            peer.ice.heard = True  # nothing is sent to the peer, and it must not be the one who gives up
            peer.send(rtp.build(0, n, n * 160, 7, codecs.silence("PCMU", 160)))
            await asyncio.sleep(0.05)
        assert side.states == ["connected"]
        await until(lambda: side.states == ["connected", "failed"])


async def test_a_process_that_stood_still_has_not_heard_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webrtc_ice, "CONSENT_INTERVAL_S", 60)
    monkeypatch.setattr(webrtc_ice, "LOOK_EVERY_S", 0.1)
    async with connected() as (transport, peer, side):
        for n in range(3):
            peer.ice.heard = True
            peer.send(rtp.build(0, n, n * 160, 7, codecs.silence("PCMU", 160)))
            await until(lambda: len(side.packets) == n + 1)  # noqa: B023 - awaited within the turn
            await until(lambda: not transport._ice.heard, "it looked")
            monkeypatch.setattr(webrtc_ice, "SILENCE_LIMIT_S", 0.6)
            peer.ice.heard = True
            time.sleep(1.0)  # the whole process
            for _ in range(10):  # whoever looks at once sees nothing yet
                await asyncio.sleep(0)
        await until(lambda: side.states == ["connected", "failed"], "silence that it has heard")


async def test_without_an_answer_consent_runs_out_whatever_else_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webrtc_ice, "LOOK_EVERY_S", 0.05)
    async with connected() as (transport, peer, side):
        monkeypatch.setattr(webrtc_ice, "CONSENT_EXPIRES_S", 0.3)
        async with asyncio.timeout(30):
            for n in itertools.count():
                if side.states[-1] == "failed":
                    break
                peer.ice.send_media(peer.protect(rtp.build(0, n, n * 160, 7, codecs.silence("PCMU", 160))))
                await asyncio.sleep(0.02)
        assert transport.failure == "ice_failed"
