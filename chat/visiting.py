"""What visitors do with a chat that they have, whichever shard has it."""

from collections.abc import Callable

from chat.events import VisitorEnded
from chat.far_chat import FarChat
from chat.identity import clean
from chat.limits import ChatLimits
from chat.ports import ChatPorts, ChatRefusedError, StoreAwayError
from chat.runner import ChatRunner
from records.messages import Message

# A chat as its visitor's connection has it.
VisitorChat = ChatRunner | FarChat


def text_of(text: str, limits: ChatLimits) -> str:
    """What of it is a message. Raises ChatRefusedError."""
    text = clean(text)
    if not text:
        raise ChatRefusedError("empty", "there is nothing in this message")
    if len(text) > limits.text_chars:
        raise ChatRefusedError("too_long", f"a message has at most {limits.text_chars} characters")
    return text


class Visiting:
    """One for the node; `limits` are those that hold now."""

    def __init__(self, limits: Callable[[], ChatLimits], ports: ChatPorts) -> None:
        self._limits = limits
        self._ports = ports

    async def say(self, chat: VisitorChat, client_id: str, text: str) -> Message:
        """The visitor says something. Raises ChatRefusedError."""
        text = text_of(text, self._limits())
        if not chat.allow():
            raise ChatRefusedError("too_fast", "too many messages, send it again in a moment")
        return await chat.customer_says(client_id, text)

    def end(self, chat: VisitorChat) -> None:
        """The visitor ends the chat; without effect when it is over."""
        chat.tell(VisitorEnded())

    async def rate(self, chat: VisitorChat, score: int) -> None:
        """The visitor's rating; the first one stands. Raises ChatRefusedError."""
        if chat.rating is None and not chat.may_rate:
            raise ChatRefusedError("not_to_rate", "only a chat that is over, and that an agent took, can be rated")
        if chat.rating is not None:
            return
        if isinstance(chat, FarChat):
            await chat.rate(score)
            return
        try:
            stands = await self._ports.store.rate(chat.chat_id, score, chat.now())
        except StoreAwayError as error:
            raise ChatRefusedError("unavailable", "the rating could not be kept, send it again") from error
        if chat.rating is None:
            chat.rated(stands)
            chat.told.noted("rated", score=str(stands))
