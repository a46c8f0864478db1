"""What a caller hears and presses while nobody speaks with them: places, hints, the key for a callback. Pure."""

from typing import assert_never

from voice.conversation import Conversation
from voice.events import AskPlace, CallBackAnswered, CallCommand, DigitPressed, PlaceKnown, PlayEnded
from voice.promise import CallBackKey
from voice.waiting import WaitSound

QueueEvent = PlayEnded | PlaceKnown | DigitPressed | CallBackAnswered


class InQueue:
    """One caller's."""

    def __init__(self, conversation: Conversation, waiting: WaitSound, key: CallBackKey) -> None:
        self._conversation = conversation
        self._waiting = waiting
        self._key = key

    def expire(self, now: int) -> list[CallCommand]:
        """Asks for their place, when it is time."""
        party = self._conversation.awaited
        if not self._waiting.place_due(now):
            return []
        if party is None or party.directed:
            # An item that is kept for one agent has no place among the others, until it is everybody's again.
            self._waiting.wait_again(now)
            return []
        return [AskPlace(party.party_id, self._key.expected and not self._conversation.served)]

    def handle(self, event: QueueEvent, language: str, now: int) -> list[CallCommand]:
        """A sound is over, a place is known, a key was pressed."""
        match event:
            case PlayEnded(play_id, reason):
                return self._key.said(play_id) or self._waiting.over(play_id, reason == "failed", now)
            case PlaceKnown(place, wait_us, may_call_back):
                hint = self._key.hint(language) if may_call_back and place is not None else ()
                return self._waiting.say_place(language, place, wait_us, now, hint)
            case DigitPressed(digit):
                party = None if self._conversation.served else self._conversation.awaited
                return [] if party is None else self._key.pressed(digit, party.party_id)
            case CallBackAnswered(work_id, possible):
                return self._key.answered(work_id, language, possible=possible)
            case _:
                assert_never(event)
