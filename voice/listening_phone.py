"""A supervisor's telephone, rung so that they listen to a call: what it is for stands where the caller's name is."""

import asyncio
from collections.abc import Callable, Mapping

from voice.dialled_legs import DialledLegs
from voice.events import Deny
from voice.listeners import ListenMode
from voice.neighbours import VoicePorts
from voice.phone import BUSY, DECLINE, DialledLeg, PhoneReleased, PhoneState

RING_S = 30.0
NOT_ANSWERED = Deny("not_answered", "your phone was not answered")
IN_A_CALL = Deny("in_a_call", "you are in a call of your own")
_WORDS: Mapping[ListenMode, str] = {
    ListenMode.LISTEN: "Listen to",
    ListenMode.WHISPER: "Whisper to",
    ListenMode.BARGE: "Barge in on",
}


class ListeningPhone(DialledLeg):
    """`shown` is the name that the phone shows, `left` is called when they hang up after they had answered."""

    def __init__(self, call: str, user: str, shown: str, ports: VoicePorts, left: Callable[[], None]) -> None:
        super().__init__(call, "", ports)
        self.user = user
        self._shown = shown
        self._left = left
        self._settled: asyncio.Future[Deny | None] = asyncio.get_running_loop().create_future()

    async def answered(self) -> Deny | None:
        """Waits until somebody answers: None; or why nobody did. Whoever stops waiting hangs it up."""
        try:
            async with asyncio.timeout(RING_S):
                return await asyncio.shield(self._settled)
        except TimeoutError:
            return NOT_ANSWERED
        finally:
            if not self._settled.done():
                self.tell(PhoneReleased())

    def _place(self, sdp: bytes) -> None:
        # The name says what the call is for; there is no number to call back.
        self._ports.signalling.dial(self.call, self.user, sdp, from_user="listen", from_display=self._shown, headers={})

    async def _taken(self) -> bool:
        self._settle(None)
        return True

    def _refused(self, code: int, reason: str, *, rang: bool) -> None:  # noqa: ARG002 - logged already
        self._settle(NOT_ANSWERED if code in (BUSY, DECLINE, 408) else Deny("no_leg", "your phone is not there"))

    def _gone(self, *, answered: bool) -> None:
        self._over(answered)

    def _broken(self, reason: str, *, answered: bool) -> None:  # noqa: ARG002 - logged already
        self._over(answered)

    def _over(self, answered: bool) -> None:
        if answered:
            self._left()
        self._settle(NOT_ANSWERED)

    def _settle(self, denied: Deny | None) -> None:
        if not self._settled.done():
            self._settled.set_result(denied)


class ListeningPhones:
    """The telephones of supervisors who listen by one. `phone_of` gives an agent's SIP user, None for a browser."""

    def __init__(self, ports: VoicePorts, legs: DialledLegs, phone_of: Callable[[str], str | None]) -> None:
        self._ports = ports
        self._legs = legs
        self._phone_of = phone_of
        self._phones: dict[str, ListeningPhone] = {}
        self._rung = 0

    def speaks(self, agent_id: str) -> bool:
        """Whether the agent speaks on a telephone."""
        return self._phone_of(agent_id) is not None

    async def leg(self, agent_id: str, what: str, left: Callable[[], None]) -> str | Deny:
        """The leg of a phone that is up, or is rung now and answered; it shows `what`."""
        phone = self._phones.get(agent_id)
        if phone is not None:
            return phone.leg_id
        self._rung += 1
        call = f"listen:{agent_id}:{self._rung}"
        phone = ListeningPhone(call, self._phone_of(agent_id) or "", what, self._ports, left)
        self._legs.run(phone)
        denied = await phone.answered()
        if denied is None and phone.state is PhoneState.ENDED:
            denied = NOT_ANSWERED  # as soon as it was answered
        if denied is not None:
            return denied
        if agent_id in self._phones:  # asked for twice while it rang
            phone.tell(PhoneReleased())
            return IN_A_CALL
        self._phones[agent_id] = phone
        return phone.leg_id

    def release(self, agent_id: str) -> None:
        """They listen no more: the phone is hung up."""
        phone = self._phones.pop(agent_id, None)
        if phone is not None:
            phone.tell(PhoneReleased())


def shown(mode: ListenMode, beside: str) -> str:
    """What the phone shows; `beside` is the agent in the call."""
    return f"{_WORDS[mode]} {beside}"
