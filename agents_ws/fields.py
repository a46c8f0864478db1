"""The limits of what a client may send, field by field, and the wire names of messages. Pure."""

import re
from typing import Annotated

from msgspec import Meta

Token = Annotated[str, Meta(min_length=1, max_length=512)]
Ref = Annotated[str, Meta(min_length=1, max_length=64)]
Id = Annotated[str, Meta(min_length=1, max_length=128)]
Word = Annotated[str, Meta(min_length=1, max_length=64)]
Note = Annotated[str, Meta(max_length=4000)]
ChatText = Annotated[str, Meta(min_length=1, max_length=32 * 1024)]
Number = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Seconds = Annotated[int, Meta(ge=1, le=3600)]
Digit = Annotated[str, Meta(pattern=r"^[0-9A-D*#]\Z")]
Sdp = Annotated[str, Meta(min_length=1, max_length=32 * 1024)]
Sequence = Annotated[int, Meta(ge=0, le=2**53)]


def snake_case(name: str) -> str:
    """The wire name of a class: `SetPresence` -> `set_presence`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
