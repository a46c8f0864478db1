"""What a file is, by its content: the few kinds that a chat may carry. Pure.

What the sender calls it says nothing: only signatures count, and for a text every byte of it. Kinds that a browser
could run (HTML, SVG, XML) are none of them, whatever they are called.
"""

import codecs
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# Type -> the endings that a name of it may have; the first is put on when it has another.
ENDINGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "image/png": (".png",),
        "image/jpeg": (".jpg", ".jpeg"),
        "image/gif": (".gif",),
        "image/webp": (".webp",),
        "application/pdf": (".pdf",),
        "text/plain": (".txt", ".log", ".csv", ".md"),
    }
)
MAX_NAME = 120
_HEAD = 16
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Not in a name: controls, what turns the direction of writing round, and what separates folders or quotes.
_BAD_IN_NAMES = re.compile(r'[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"<>:|?*]')


class Sniffer:
    """`feed` every piece in order, then ask `kind`. Keeps 16 bytes."""

    def __init__(self) -> None:
        self._head = b""
        self._text = codecs.getincrementaldecoder("utf-8")()
        self._is_text = True
        self._begun = False

    def feed(self, piece: bytes) -> None:
        """The next bytes of the file."""
        self._head = (self._head + piece[:_HEAD])[:_HEAD]
        if self._is_text:
            self._is_text = self._reads(piece)

    def kind(self) -> str | None:
        """Its media type once all was fed, None for what may not be carried."""
        head = self._head
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            return "image/png"
        if head.startswith(b"\xff\xd8\xff"):
            return "image/jpeg"
        if head.startswith((b"GIF87a", b"GIF89a")):
            return "image/gif"
        if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
            return "image/webp"
        if head.startswith(b"%PDF-"):
            return "application/pdf"
        return "text/plain" if self._is_text and self._begun and self._ends() else None

    def _reads(self, piece: bytes) -> bool:
        if _CONTROLS.search(piece):
            return False
        try:
            text = self._text.decode(piece)
        except UnicodeDecodeError:
            return False
        if not self._begun and (first := text.lstrip("\ufeff \t\r\n")):
            self._begun = True
            return not first.startswith("<")  # markup
        return True

    def _ends(self) -> bool:
        try:
            self._text.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        return True


def name_for(name: str, kind: str) -> str:
    """A name that is safe to show and to save under: no folders, no controls, and an ending of its kind."""
    plain = _BAD_IN_NAMES.sub("", re.split(r"[/\\]", name)[-1]).strip(" .")
    endings = ENDINGS[kind]
    if not plain.lower().endswith(endings):
        plain = f"{plain or 'file'}{endings[0]}"
    if len(plain) > MAX_NAME:
        stem, dot, ending = plain.rpartition(".")
        plain = f"{stem[: MAX_NAME - len(dot) - len(ending)]}{dot}{ending}"
    return plain
