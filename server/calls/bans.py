"""The SIP hosts that are shut out, for whoever runs the machine: shown and let in again over the control socket."""

from typing import Any

from sip.ua import Ua


class Bans:
    """The commands `bans` and `lift-bans`."""

    def __init__(self, ua: Ua) -> None:
        self._ua = ua

    async def show(self) -> list[dict[str, Any]]:
        """One entry for each host: what it is, how often it was shut out by now, for how many seconds this time."""
        return [
            {"host": ban.host, "times": ban.times, "seconds": (ban.until - ban.since) // 1_000_000}
            for ban in self._ua.bans()
        ]

    async def lift(self) -> list[dict[str, Any]]:
        """As `show`, and all of them are let in again."""
        lifted = await self.show()
        for ban in lifted:
            self._ua.lift_ban(ban["host"])
        return lifted
