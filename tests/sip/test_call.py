"""A new call has nothing that another one could share."""

from sip.call import Call, CallState
from tests.sip.rig import PEER


def test_calls_do_not_share_their_forks() -> None:
    one, two = (Call(name, CallState.DIALLING, PEER) for name in "ab")
    assert one.forks is not two.forks
    assert (one.told_end, one.bye_sent, one.dialog, one.pending_ok) == (False, False, None, None)
