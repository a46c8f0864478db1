"""What an agent's desk phone can do in a house: the outside's user agent with REFER, and an ear for what it is told."""

from dataclasses import dataclass, field

from msgspec.structs import replace

from router.vocabulary import OfferState
from sip import events as sip
from sip.call import CallState
from sip.flow import Flow
from sip.message import Request, Response, parse
from tests.server.house import House, offer_of
from tests.waiting import until
from voice.ports import CallOffer


@dataclass
class DeskPhone:
    """ben's. `told` are the words of each NOTIFY, `answers` the statuses that its REFERs got."""

    house: House
    told: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        core, conductor = self.house.outside.ua._core, self.house.conductor
        receive, received = core.receive, conductor.call_received
        user = self.house.site.agents["ben"].sip_user

        def listen(data: bytes, source: Flow, now: int) -> None:
            message = parse(data)
            if isinstance(message, Request) and message.method == "NOTIFY":
                self.told.append(message.body.decode().strip().removeprefix("SIP/2.0 "))
            receive(data, source, now)

        def proved(offer: CallOffer) -> None:
            # The registrar and its digest are tests/sip's; here the phone has shown who it is.
            received(replace(offer, user=user if offer.caller == "ben" else ""))

        core.receive = listen  # type: ignore[method-assign]
        conductor.call_received = proved  # type: ignore[method-assign]

    async def talks(self) -> tuple[str, str, str]:
        """A customer speaks with ben: the customer's call, the phone's call, the reservation."""
        await self.house.speaker_port()
        call, own = await self.house.phone_rings(answer=200)
        reservation = (await self.house.offer("ben")).reservation_id
        await self.house.reach_state(reservation, OfferState.CONNECTED)
        self.house.outside.script = lambda _event: None
        return call, own, reservation

    def refer(self, call: str, to: str, *rows: tuple[str, str]) -> None:
        """Refers the other side of one of its calls."""
        ua = self.house.outside.ua

        def answered(response: Response, _now: int) -> None:
            self.answers.append(response.status)

        found = ua._core.context.calls[call]
        extra = (("Refer-To", f"<{to}>"), *rows)
        ua._core.context.ask(found, "REFER", answered, lambda *_: None, ua._settings.now(), extra=extra)
        ua._after_command()

    async def calls(self, target: str, **headers: str) -> str:
        """Calls somebody by a call of its own; returns its name."""
        house = self.house
        call = f"own-{target}-{len(house.outside.events)}"
        port = (await house.speaker_port()).port
        uri = self.uri(target)
        house.outside.ua.dial(call, uri, offer_of(port), from_user="ben", from_display="", headers=headers)
        return call

    def uri(self, user: str) -> str:
        return f"sip:{user}@127.0.0.1:{self.house.ua.port}"

    def mark(self, call: str, quoted: bool = True) -> str:
        """A Replaces that names this call of the phone's, as the other end keeps it."""
        dialog = self.house.outside.ua._core.context.calls[call].dialog
        if dialog is not None:
            names = (dialog.call_id, f"to-tag={dialog.remote.tag}", f"from-tag={dialog.local.tag}")
        else:  # while it rings, only the other end keeps its dialog
            (other,) = [
                one.dialog for one in self.house.ua._core.context.calls.values() if one.state is CallState.INCOMING
            ]
            assert other is not None
            names = (other.call_id, f"to-tag={other.local.tag}", f"from-tag={other.remote.tag}")
        return ("%3B".join(names).replace("=", "%3D") if quoted else ";".join(names)).replace("@", "%40")

    async def hears(self, words: str) -> None:
        await until(lambda: words in self.told, f"{words} in {self.told}")

    async def over(self, call: str) -> None:
        await self.house.outside.wait(sip.CallEnded, call)
