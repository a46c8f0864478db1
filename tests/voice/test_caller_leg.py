"""Both kinds of callers are caller's legs."""

from tests.voice.fakes import Media, Sdp, Signalling
from tests.voice.web_rig import Rig, Socket
from voice.caller_leg import CallerLeg
from voice.ports import CallOffer
from voice.sip_caller import SipCaller
from voice.web_messages import Start


async def test_both_kinds_have_the_ports_methods() -> None:
    sip: CallerLeg = SipCaller(CallOffer("c1", "", "", "4000", None), Signalling(), Media(), Sdp())
    web: CallerLeg | None = Rig().calls.start(Start(entry="4000", sdp="v=0"), Socket())
    wanted = {name for name in vars(CallerLeg) if not name.startswith("_")}
    for side in (sip, web):
        assert wanted <= set(dir(side))
