"""What an agent's program may say (see agents_ws.messages): one union, tagged by `type`. Pure."""

from typing import Literal

from msgspec import Struct

from agents_ws.fields import ChatText, Digit, Id, Note, Number, Ref, Sdp, Seconds, Sequence, Token, Word, snake_case
from router.vocabulary import Medium


class _Client(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type", tag=snake_case):
    """From the agent's program; an unknown field is an error, so that a misspelled one is noticed."""


class Hello(_Client, frozen=True):
    """First message of a connection. `session` and `last_seq` together ask to resume where the last one broke."""

    token: Token
    session: Id | None = None
    last_seq: Sequence | None = None
    language: Word | None = None


class Ack(_Client, frozen=True):
    """Everything up to and including `seq` has been taken in; the server forgets it."""

    seq: Sequence


class Ping(_Client, frozen=True):
    """Sent every `heartbeat_s` while nothing else is; answered by `pong`."""

    ref: Ref | None = None


class SetPresence(_Client, frozen=True):
    """Declare a presence. Signing out is `sign_out`, so `offline` is no choice here."""

    ref: Ref
    presence: Literal["ready", "not_ready"]
    reason: Word | None = None


class QueuePresence(_Client, frozen=True):
    """What comes when everything that you hold is over, wrap-up included; null takes it back. `offline`: sign out then.

    Until then nothing new is offered, unless it is `ready`. Without work it holds at once.
    """

    ref: Ref
    presence: Literal["ready", "not_ready", "offline"] | None = None
    reason: Word | None = None


class PauseMedia(_Client, frozen=True):
    """Take nothing new of these media, and of all others again. Signing out forgets it."""

    ref: Ref
    media: tuple[Medium, ...]


class EchoTest(_Client, frozen=True):
    """Hear yourself back through the server (`on` true), between conversations; work that comes ends it."""

    ref: Ref
    on: bool


class Accept(_Client, frozen=True):
    """Take the offer."""

    ref: Ref
    reservation_id: Id


class Reject(_Client, frozen=True):
    """Decline the offer."""

    ref: Ref
    reservation_id: Id
    reason: Word | None = None


class HangUp(_Client, frozen=True):
    """End the conversation; wrap-up follows."""

    ref: Ref
    reservation_id: Id


class Hold(_Client, frozen=True):
    """Put the customer on hold (`on` true) or take them back."""

    ref: Ref
    reservation_id: Id
    on: bool


class Mute(_Client, frozen=True):
    """Let nobody in the call hear you (`on` true), or everybody again. The server keeps it over a reload."""

    ref: Ref
    reservation_id: Id
    on: bool


class Transfer(_Client, frozen=True):
    """Hand the customer on to an agent, a queue or a telephone number, one of which is named.

    `warm` puts the customer on hold and lets you speak with the target first; then `complete_transfer`, `swap`,
    `conference` or `drop_party`. Without it you leave at once.

    A chat goes to an agent or a queue, never warm; `note` is for the colleague alone, who reads it on the offer.
    """

    ref: Ref
    reservation_id: Id
    agent: Word | None = None
    queue: Word | None = None
    number: Word | None = None
    warm: bool = False
    note: Note | None = None


class CompleteTransfer(_Client, frozen=True):
    """Leave the call to the others in it, or to who is coming; wrap-up follows."""

    ref: Ref
    reservation_id: Id


class Swap(_Client, frozen=True):
    """Speak with the one on hold, and put on hold with whom you speak."""

    ref: Ref
    reservation_id: Id


class Conference(_Client, frozen=True):
    """Let everybody in the call hear everybody."""

    ref: Ref
    reservation_id: Id


class DropParty(_Client, frozen=True):
    """Send a party of the call away, or call one back who is still coming. The customer's own ends the call."""

    ref: Ref
    reservation_id: Id
    party: Id


class PauseRecording(_Client, frozen=True):
    """Keep what is said from now on out of the recording (`on` true: card numbers), or go on recording.

    The pause ends by itself after the queue's longest time, and when you go to wrap-up.
    """

    ref: Ref
    reservation_id: Id
    on: bool


class Park(_Client, frozen=True):
    """Park a chat until the customer says something: its units are free at once, and you get it back first.

    `last`: the number of the last message on your page; refused (`customer_wrote`) when the customer has said more.
    `until_us`: come back then at the latest (microseconds since the epoch); without it as late as the queue allows.
    """

    ref: Ref
    reservation_id: Id
    last: Number
    until_us: Sequence | None = None


class Unpark(_Client, frozen=True):
    """Have a chat back that you parked: it is offered to you as soon as you have room for it."""

    ref: Ref
    interaction_id: Id


class AskSupervisor(_Client, frozen=True):
    """Ask the supervisors of your team for help with this work (`on` true), or withdraw that."""

    ref: Ref
    reservation_id: Id
    on: bool


class CallBack(_Client, frozen=True):
    """Call a customer of the follow-ups (GET /api/v1/follow-ups): an offer comes, and they are called as you accept it.

    `hang_up` with its reservation gives up while it still rings.
    """

    ref: Ref
    follow_up: Number


class WatchTargets(_Client, frozen=True):
    """Be told to whom work of this medium can be handed on, and of each change (`targets`); null: no more.

    A `snapshot` ends it: ask again.
    """

    ref: Ref
    medium: Medium | None = None


class SendDigit(_Client, frozen=True):
    """Send one keypad digit to the customer's side."""

    ref: Ref
    reservation_id: Id
    digit: Digit


class ExtendWrapUp(_Client, frozen=True):
    """Ask for so many seconds more of wrap-up; `wrap_up` comes again, with as much as the queue still allows."""

    ref: Ref
    reservation_id: Id
    by_s: Seconds


class FinishWrapUp(_Client, frozen=True):
    """Close wrap-up with the agent's code and note; capacity is free at once."""

    ref: Ref
    reservation_id: Id
    disposition: Word | None = None
    note: Note | None = None


class SayInChat(_Client, frozen=True, tag="chat_message"):
    """Say something in a chat. `client_id` names this send: said again with the same one, it is still one message."""

    ref: Ref
    reservation_id: Id
    client_id: Ref
    text: ChatText


class TypeInChat(_Client, frozen=True, tag="chat_typing"):
    """The agent types, or has stopped; not answered. Renew it every 5 s: it ends by itself after 8 s."""

    reservation_id: Id
    on: bool


class ReadChat(_Client, frozen=True, tag="chat_read"):
    """Everything up to `number` was on the screen; not answered."""

    reservation_id: Id
    number: Number


class OpenLeg(_Client, frozen=True):
    """Offer the browser's media leg (a whole SDP, candidates inside); answered by `leg_answer`."""

    ref: Ref
    sdp: Sdp


class SignOut(_Client, frozen=True):
    """Leave for good: presence becomes offline, the session is forgotten."""

    ref: Ref


CallCommand = Hold | Mute | Transfer | CompleteTransfer | Swap | Conference | DropParty | PauseRecording
Command = (
    SetPresence
    | QueuePresence
    | PauseMedia
    | EchoTest
    | Accept
    | Reject
    | HangUp
    | CallCommand
    | AskSupervisor
    | Park
    | Unpark
    | CallBack
    | WatchTargets
    | SendDigit
    | ExtendWrapUp
    | FinishWrapUp
    | SayInChat
    | OpenLeg
    | SignOut
)  # the ones that carry a `ref` and are answered by `done`, `refused` or `leg_answer`
ChatSignal = TypeInChat | ReadChat  # without an answer: they say what holds, and the next one wins
ClientMessage = Hello | Ack | Ping | ChatSignal | Command
