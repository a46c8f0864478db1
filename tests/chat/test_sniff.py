"""What a file is, by content alone, however it comes in pieces; and names that are safe."""

import pytest

from chat.sniff import ENDINGS, MAX_NAME, Sniffer, name_for

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
SAMPLES = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0" + b"\x01" * 20,
    "image/gif": b"GIF89a" + b"\x02" * 20,
    "image/webp": b"RIFF\x10\x00\x00\x00WEBPVP8 ",
    "application/pdf": b"%PDF-1.7\n\xff\xfe\x00",
    "text/plain": "你好,\r\nfine\t1 < 2".encode(),
}
OTHERS = {
    "nothing": b"",
    "blanks": b" \n\t ",
    "html": b"<!doctype html><script>1</script>",
    "html behind blanks": "\ufeff \r\n<html>".encode(),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>',
    "xml": b'<?xml version="1.0"?><a/>',
    "program": b"\x7fELF\x02\x01\x01\x00",
    "zip": b"PK\x03\x04\x14\x00",
    "wave": b"RIFF\x10\x00\x00\x00WAVEfmt ",
    "half a letter": "é".encode()[:1] + b"",
    "latin": "caf\xe9".encode("latin-1") + b" noir",
    "a text with a nought": b"abc\x00def",
}


def kind_of(content: bytes, size: int) -> str | None:
    sniffer = Sniffer()
    for start in range(0, len(content), size):
        sniffer.feed(content[start : start + size])
    return sniffer.kind()


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("kind", SAMPLES)
def test_kinds_by_content(kind: str, size: int) -> None:
    assert kind_of(SAMPLES[kind], size) == kind


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("name", OTHERS)
def test_what_is_none_of_them(name: str, size: int) -> None:
    assert kind_of(OTHERS[name], size) is None


def test_every_kind_has_a_sample() -> None:
    assert set(SAMPLES) == set(ENDINGS)


@pytest.mark.parametrize(
    ("name", "kind", "safe"),
    [
        ("photo.JPG", "image/jpeg", "photo.JPG"),
        ("photo.png", "image/jpeg", "photo.png.jpg"),
        ("page.html", "text/plain", "page.html.txt"),
        ("C:\\Users\\me\\a.txt", "text/plain", "a.txt"),
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("", "image/png", "file.png"),
        ("...", "image/png", "file.png"),
        ("订单.pdf", "application/pdf", "订单.pdf"),
        ("gpj\u202e.exe", "image/png", "gpj.exe.png"),
        ('a"b<c>\r\n.txt', "text/plain", "abc.txt"),
    ],
)
def test_names_are_safe_and_end_as_their_kind(name: str, kind: str, safe: str) -> None:
    assert name_for(name, kind) == safe


def test_long_names_keep_their_ending() -> None:
    safe = name_for("x" * 500 + ".png", "image/png")
    assert len(safe) == MAX_NAME
    assert safe.endswith(".png")
