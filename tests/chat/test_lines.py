"""What a visitor's page is shown of what is kept: their own client id alone, and files without their hash."""

from dataclasses import replace

from chat.events import Side
from chat.lines import line_of, progress_of
from chat.messages import encode
from records.chat_files import ChatFile
from records.messages import Marks, Message

FILE = ChatFile(id="f1", name="a.png", media_type="image/png", size=5, sha256="0123456789abcdef")


def test_the_visitor_s_own_client_id_comes_back_and_an_agent_s_does_not() -> None:
    own = Message(1, "customer", "", "Visitor", "c1", "hello", 5)
    assert line_of(own).client_id == "c1"
    line = line_of(replace(own, author="agent", agent_id="ann", name="Ann"))
    assert (line.client_id, line.name, line.text) == (None, "Ann", "hello")
    assert b"ann" not in encode(line)


def test_a_file_is_shown_without_its_hash() -> None:
    line = line_of(Message(1, "customer", "", "Visitor", "c1", "", 5, FILE))
    assert line.file is not None
    assert (line.file.id, line.file.size, line.file.gone) == ("f1", 5, False)
    assert FILE.sha256.encode() not in encode(line)


def test_marks_are_the_progress_of_both_sides() -> None:
    progress = progress_of(Marks(4, 3, 2, 1))
    assert (progress[Side.CUSTOMER].delivered, progress[Side.CUSTOMER].read) == (4, 3)
    assert (progress[Side.AGENT].delivered, progress[Side.AGENT].read) == (2, 1)
