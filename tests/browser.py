"""A real, headless Chromium for tests: a fake microphone that plays a WAV, and an ear on any MediaStream."""

import base64
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright

from tests.audio import Sound

# The headless shell is the same engine without the desktop browser around it: a third of the start and of the memory.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for path in map(shutil.which, _NAMES) if path is not None), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

FRONTEND = Path(__file__).resolve().parent.parent / "frontend"

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)
# For pages whose sound comes and goes.
SPEAKING = (*ARGUMENTS, "--allow-loopback-in-peer-connection", "--autoplay-policy=no-user-gesture-required")

# Records a MediaStream through an AudioWorklet: samples as the speaker would get them, 16-bit, base64.
_RECORD = """
async ([expression, seconds]) => {
  const stream = (0, eval)(expression);
  const context = new AudioContext();
  await context.resume();
  const code = `registerProcessor("tap", class extends AudioWorkletProcessor {
    process([input]) { if (input[0]) this.port.postMessage(input[0].slice()); return true; }
  });`;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  await context.audioWorklet.addModule(url);
  const source = context.createMediaStreamSource(stream);
  const tap = new AudioWorkletNode(context, "tap", { channelCount: 1, channelCountMode: "explicit" });
  const wanted = Math.round(seconds * context.sampleRate);
  const samples = new Int16Array(wanted);
  let filled = 0;
  await new Promise((resolve) => {
    tap.port.onmessage = ({ data }) => {
      for (const x of data) if (filled < wanted) samples[filled++] = Math.max(-1, Math.min(1, x)) * 32767;
      if (filled === wanted) resolve();
    };
    source.connect(tap).connect(context.destination);
  });
  const rate = context.sampleRate;
  await context.close();
  let binary = "";
  for (const byte of new Uint8Array(samples.buffer)) binary += String.fromCharCode(byte);
  return [btoa(binary), rate];
}
"""


@asynccontextmanager
async def chromium_page(*, wav: Path | None = None, args: Sequence[str] = ()) -> AsyncIterator[Page]:
    """An empty page of a fresh Chromium. Its microphone repeats `wav` (append `%noloop` to the name to stop at the
    end) or beeps; errors that the page does not catch fail the test when the context ends."""
    errors: list[str] = []
    microphone = () if wav is None else (f"--use-file-for-fake-audio-capture={wav}",)
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        async with async_playwright() as playwright:
            context = await playwright.chromium.launch_persistent_context(
                profile, executable_path=CHROMIUM, headless=True, args=[*SPEAKING, *microphone, *args]
            )
            try:
                page = context.pages[0] if context.pages else await context.new_page()
                page.on("pageerror", lambda error: errors.append(str(error)))
                yield page
            finally:
                await context.close()
    assert not errors, f"uncaught errors in the page: {errors}"


@asynccontextmanager
async def serve(app: web.Application) -> AsyncIterator[str]:
    """Run an aiohttp application on a free port of 127.0.0.1; yields its base URL."""
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def record_stream(page: Page, expression: str, seconds: float) -> tuple[Sound, int]:
    """What a MediaStream of the page sounds like, from now on: (samples, rate in Hz).

    `expression` is JavaScript that yields the stream, for example `phone.remoteStream`.
    """
    encoded, rate = await page.evaluate(_RECORD, [expression, seconds])
    return np.frombuffer(base64.b64decode(encoded), dtype="<i2").astype(np.int16), int(rate)
