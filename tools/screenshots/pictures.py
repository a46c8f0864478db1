"""A picture of a page as a small file: few colours, lossless WebP."""

import io
from fractions import Fraction

import av
import av.filter
from playwright.async_api import Page

SETTLED_MS = 600
COLOURS = 192


async def picture(page: Page) -> bytes:
    """WebP of what the window shows, once the page has come to rest."""
    await page.wait_for_timeout(SETTLED_MS)
    return in_few_colours(await page.screenshot())


def in_few_colours(png: bytes) -> bytes:
    """The picture with a palette: a third of the size, and nobody sees the difference on a page of flat colours."""
    with av.open(io.BytesIO(png), "r") as source:
        frame = next(source.decode(video=0))
    graph = av.filter.Graph()
    start = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1))
    both, palette = graph.add("split"), graph.add("palettegen", f"max_colors={COLOURS}:reserve_transparent=0")
    painted, end = graph.add("paletteuse", "dither=none"), graph.add("buffersink")
    start.link_to(both)
    both.link_to(painted, 0, 0)
    both.link_to(palette, 1, 0)
    palette.link_to(painted, 0, 1)
    painted.link_to(end)
    graph.configure()
    start.push(frame)
    start.push(None)
    drawn = end.pull()
    if not isinstance(drawn, av.VideoFrame):
        raise TypeError(f"a picture was expected, not {drawn!r}")
    return lossless(drawn)


def lossless(frame: av.VideoFrame) -> bytes:
    """WebP that keeps every pixel."""
    encoder = av.CodecContext.create("libwebp", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = frame.width, frame.height, "bgra", Fraction(1)
    encoder.options = {"lossless": "1", "compression_level": "6"}
    argb = frame.reformat(format="bgra")
    return b"".join(bytes(packet) for packet in (*encoder.encode(argb), *encoder.encode(None)))
