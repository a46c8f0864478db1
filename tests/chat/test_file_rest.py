"""The head of an answer with a file: whatever it is called, it is saved and runs nothing."""

from pathlib import Path

import pytest

from chat.file_rest import SAFE, file_response
from records.chat_files import ChatFile


@pytest.mark.parametrize(
    ("name", "plain", "coded"),
    [
        ("a.png", "a.png", "a.png"),
        ('x"; evil="1.png', "x_; evil=_1.png", "x%22%3B%20evil%3D%221.png"),
        ("合同.pdf", "__.pdf", "%E5%90%88%E5%90%8C.pdf"),
    ],
)
def test_names_are_said_in_both_ways(tmp_path: Path, name: str, plain: str, coded: str) -> None:
    file = ChatFile(id="f", name=name, media_type="image/png", size=1, sha256="")
    headers = file_response(file, tmp_path / "f").headers
    assert headers["Content-Disposition"] == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{coded}"
    assert headers["Content-Type"] == "image/png"
    assert SAFE.items() <= dict(headers).items()
