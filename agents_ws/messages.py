"""Every message of the agents' WebSocket protocol, as msgspec structs: two unions, tagged by `type`.

Times are integer microseconds since the Unix epoch on the shard's clock (`*_us`); durations are milliseconds (`*_ms`)
or seconds (`*_s`). Texts meant for people come as a `Label`: language tag -> text. `docs/agents-ws.md` shows one
example of each, drawn from `agents_ws.examples`; the structs themselves are in
`client_messages`, `server_messages`, `chat_messages` and `parts`.
"""

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from agents_ws.chat_messages import (
    ChatListeners,
    ChatMessage,
    ChatParked,
    ChatReceipt,
    ChatTyping,
    ChatWhispered,
    Parked,
)
from agents_ws.client_messages import (
    Accept,
    Ack,
    AskSupervisor,
    CallBack,
    CallCommand,
    ChatSignal,
    ClientMessage,
    Command,
    CompleteTransfer,
    Conference,
    DropParty,
    EchoTest,
    ExtendWrapUp,
    FinishWrapUp,
    HangUp,
    Hello,
    Hold,
    Mute,
    OpenLeg,
    Park,
    PauseMedia,
    PauseRecording,
    Ping,
    QueuePresence,
    ReadChat,
    Reject,
    SayInChat,
    SendDigit,
    SetPresence,
    SignOut,
    Swap,
    Transfer,
    TypeInChat,
    Unpark,
    WatchTargets,
)
from agents_ws.parts import (
    AgentIdentity,
    Author,
    Caller,
    CallParty,
    ChatCard,
    ChatFile,
    ChatLine,
    ChatListener,
    ChatWhisper,
    Choice,
    FollowUp,
    HandedOn,
    Label,
    ParkedChat,
    Part,
    PastInteraction,
    Recording,
    SkillDemand,
    StaffNote,
    TargetAgent,
    TargetQueue,
    Today,
    Why,
)
from agents_ws.server_messages import (
    CLOSE_CODES,
    AskedSupervisor,
    Assignment,
    Bye,
    ByeCode,
    Call,
    CustomerChanged,
    Done,
    FollowUpChanged,
    Help,
    Leg,
    LegAnswer,
    LegState,
    Listening,
    Mentioned,
    NoteAdded,
    NumberedMessage,
    Offer,
    OfferWithdrawn,
    Past,
    Pong,
    PresenceShown,
    Refused,
    ServerMessage,
    Snapshot,
    Targets,
    TodayShown,
    Welcome,
    WrapUp,
    WrapUpEnded,
)

SUBPROTOCOL: Final = "jackfield.v1.json"
MAX_MESSAGE_BYTES: Final = 64 * 1024

D = TypeVar("D")
T = TypeVar("T")

_encoder = msgspec.json.Encoder()
_client_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_server_decoder: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)


class BadMessageError(Exception):
    """A message that the protocol does not know; the text says which field and why."""


def encode(message: ServerMessage | ClientMessage) -> bytes:
    """One message as UTF-8 JSON."""
    return _encoder.encode(message)


def decode_client(data: str | bytes) -> ClientMessage:
    """Raises BadMessageError for anything but a well-formed client message."""
    return decoded(_client_decoder.decode, data)


def decode_server(data: str | bytes) -> ServerMessage:
    """For programs that act as an agent, and tests. Raises BadMessageError."""
    return decoded(_server_decoder.decode, data)


def decoded(decode: Callable[[D], T], data: D) -> T:
    """What `decode` reads in it. Raises BadMessageError for what it refuses."""
    try:
        return decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadMessageError(str(error)) from None


__all__ = [
    "CLOSE_CODES",
    "MAX_MESSAGE_BYTES",
    "SUBPROTOCOL",
    "Accept",
    "Ack",
    "AgentIdentity",
    "AskSupervisor",
    "AskedSupervisor",
    "Assignment",
    "Author",
    "BadMessageError",
    "Bye",
    "ByeCode",
    "Call",
    "CallBack",
    "CallCommand",
    "CallParty",
    "Caller",
    "ChatCard",
    "ChatFile",
    "ChatLine",
    "ChatListener",
    "ChatListeners",
    "ChatMessage",
    "ChatParked",
    "ChatReceipt",
    "ChatSignal",
    "ChatTyping",
    "ChatWhisper",
    "ChatWhispered",
    "Choice",
    "ClientMessage",
    "Command",
    "CompleteTransfer",
    "Conference",
    "CustomerChanged",
    "Done",
    "DropParty",
    "EchoTest",
    "ExtendWrapUp",
    "FinishWrapUp",
    "FollowUp",
    "FollowUpChanged",
    "HandedOn",
    "HangUp",
    "Hello",
    "Help",
    "Hold",
    "Label",
    "Leg",
    "LegAnswer",
    "LegState",
    "Listening",
    "Mentioned",
    "Mute",
    "NoteAdded",
    "NumberedMessage",
    "Offer",
    "OfferWithdrawn",
    "OpenLeg",
    "Park",
    "Parked",
    "ParkedChat",
    "Part",
    "Past",
    "PastInteraction",
    "PauseMedia",
    "PauseRecording",
    "Ping",
    "Pong",
    "PresenceShown",
    "QueuePresence",
    "ReadChat",
    "Recording",
    "Refused",
    "Reject",
    "SayInChat",
    "SendDigit",
    "ServerMessage",
    "SetPresence",
    "SignOut",
    "SkillDemand",
    "Snapshot",
    "StaffNote",
    "Swap",
    "TargetAgent",
    "TargetQueue",
    "Targets",
    "Today",
    "TodayShown",
    "Transfer",
    "TypeInChat",
    "Unpark",
    "WatchTargets",
    "Welcome",
    "Why",
    "WrapUp",
    "WrapUpEnded",
    "decode_client",
    "decode_server",
    "decoded",
    "encode",
]
