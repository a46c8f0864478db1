"""Who hears whom in one conversation: a gain matrix made from where each party stands. Pure.

docs/adr/0003-gain-matrix.md: there is no verb for hold, mute or conference; each is a row of the matrix, which is made
anew from the parties after every change. What this page says is all that decides it.
"""

from collections.abc import Iterable

from voice.party import Party, PartyState

Gains = dict[tuple[str, str], float]


def gains(parties: Iterable[Party]) -> Gains:
    """Linear gains by (from leg, to leg): all who are here hear each other; who is held, away or coming, nobody.

    Who is muted hears and is not heard.
    """
    here = [party for party in parties if party.state is PartyState.HERE]
    return {
        (source.leg_id, target.leg_id): 1.0
        for source in here
        for target in here
        if source is not target and not source.muted
    }
