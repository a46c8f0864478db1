"""REFER from us: the peer of a call is asked to call somebody else in its stead. Pure.

RFC 3515 (REFER, and the NOTIFY that tells how it went), RFC 5589 (a transfer by it). The call itself goes on until the
consumer ends it: a peer that refuses has lost nothing.
"""

import re

from sip.call import Call, CallState, CallTimer, Move
from sip.context import Context
from sip.events import ReferAnswered
from sip.headers import Malformed
from sip.message import Request, Response
from sip.refer import SUPPORTED

# The peer has to refuse, or to have reached the other side, by then.
LIMIT = 20_000_000
_STATUS = re.compile(rb"SIP/2\.0 ([1-6]\d\d)\b")


def status_of(request: Request) -> int:
    """What a NOTIFY of a REFER says: the status in its sipfrag (RFC 3515 s.2.4.5). Raises `Malformed`."""
    kind = (request.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    found = _STATUS.match(request.body)
    if kind != "message/sipfrag" or found is None:
        raise Malformed("a NOTIFY of a REFER that says no status")
    return int(found[1])


class Moves:
    """One REFER of ours in a call at a time; `ReferAnswered` says what came of it, once."""

    def __init__(self, context: Context) -> None:
        self._ctx = context

    def begin(self, call: Call, uri: str, now: int) -> None:
        """Ask the peer to call `uri`."""
        if call.state is not CallState.UP or call.dialog is None or call.move is not None:
            self._ctx.emit(ReferAnswered(call.id, 491))
            return
        call.move = move = Move(uri)
        self._ctx.arm(call, CallTimer.MOVE, now + LIMIT)
        self._ctx.count("refers_sent")

        def answered(response: Response, _now: int) -> None:
            if response.status >= 300 and call.move is move:
                self._finish(call, response.status)

        def failed(status: int, _now: int) -> None:
            if call.move is move:
                self._finish(call, status)

        contact = self._ctx.contact(self._ctx.flow_for(call, call.dialog), call.dialog.target)
        self._ctx.ask(call, "REFER", answered, failed, now, extra=(contact, SUPPORTED, ("Refer-To", f"<{uri}>")))

    def notified(self, call: Call, request: Request) -> int:
        """A NOTIFY inside the call's dialog: the status to answer it with."""
        package = (request.headers.get("Event") or "").partition(";")[0].strip().lower()
        if call.move is None or package != "refer":
            return 481  # we subscribe to nothing else (RFC 6665 s.4.1.3)
        try:
            status = status_of(request)
        except Malformed:
            return 400
        if status >= 200:
            self._finish(call, 200 if status < 300 else status)
        return 200

    def late(self, call: Call) -> None:
        """The peer says nothing more."""
        self._finish(call, 408)

    def _finish(self, call: Call, status: int) -> None:
        call.move = None
        self._ctx.arm(call, CallTimer.MOVE, None)
        if not call.told_end:
            self._ctx.emit(ReferAnswered(call.id, status))
