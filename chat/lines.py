"""What is kept of a chat, as the visitor's page and the machine have it. Pure."""

from chat.events import Side
from chat.machine import Progress
from chat.messages import FilePart, Line
from records.chat_files import ChatFile
from records.messages import Marks, Message


def line_of(message: Message) -> Line:
    """A message as the visitor sees it."""
    own = message.author == "customer"
    return Line(
        number=message.number,
        author=message.author,
        name=message.name,
        text=message.text,
        at_us=message.at,
        client_id=message.client_id if own else None,
        file=None if message.file is None else part_of(message.file),
    )


def part_of(file: ChatFile) -> FilePart:
    """A file as the visitor sees it."""
    return FilePart(id=file.id, name=file.name, media_type=file.media_type, size=file.size, gone=file.gone)


def progress_of(marks: Marks) -> dict[Side, Progress]:
    """Kept marks as the machine has them."""
    return {
        Side.CUSTOMER: Progress(marks.customer_delivered, marks.customer_read),
        Side.AGENT: Progress(marks.agent_delivered, marks.agent_read),
    }
