"""What a ticked leg sends in one tick: a digit, a prompt, a mix, or silence."""

from __future__ import annotations

from typing import Literal

from media import codecs, mixer
from media.clock import monotonic_us
from media.codecs import CodecName, Samples
from media.leg import Leg
from media.rtp import FRAME_SAMPLES

Ended = Literal["", "played", "digits"]
"""What came to its end in this tick: nothing, the player, or the digits to send."""


def render(leg: Leg, now: int) -> Ended:
    """Send the frame of the tick `now` (its deadline, microseconds); the stream is continuous while ticked."""
    codec = leg.codec
    if codec is None or not leg.sending:
        # Held or not yet negotiated: the prompt's time passes, so that it ends when it should.
        return _pass_silently(leg)
    if leg.digits:
        event = leg.digits.popleft()
        if event is None:
            leg.send_frame(codecs.silence(codec, FRAME_SAMPLES), now)
        else:
            leg.send_event(event, now)
        return "" if leg.digits else "digits"
    if not leg.mix:
        return _play(leg, codec, now)
    parts: list[tuple[Samples, float]] = []
    delay = 0
    for source, gain in leg.mix:
        samples = source.frame(now)
        if samples is not None:
            parts.append((samples, gain))
            delay = max(delay, source.frame_delay_us(now))
    if not parts:
        return _play(leg, codec, now)
    ended: Ended = ""
    if leg.player is not None:
        played = leg.player.next_samples()
        if played is None:
            ended = "played"
        else:
            parts.append(played)
    leg.send_frame(codecs.encode(codec, mixer.mix(parts)), now)
    leg.note_delay(delay + monotonic_us() - now)
    return ended


def _play(leg: Leg, codec: CodecName, now: int) -> Ended:
    frame = None if leg.player is None else leg.player.next_coded(codec)
    if frame is not None:
        leg.send_frame(frame, now)
        return ""
    leg.send_frame(codecs.silence(codec, FRAME_SAMPLES), now)
    return "" if leg.player is None else "played"


def _pass_silently(leg: Leg) -> Ended:
    if leg.digits:
        leg.digits.popleft()
        return "" if leg.digits else "digits"
    if leg.player is not None and leg.player.next_samples() is None:
        return "played"
    return ""
