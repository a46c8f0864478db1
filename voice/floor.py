"""Who hears whom in one conversation: a gain matrix made from where each party stands. Pure.

docs/adr/0003-gain-matrix.md: there is no verb for hold, mute, conference or whispering; each is a row of the matrix,
which is made anew from the parties and the listeners after every change. What this page says is all that decides it.
"""

from collections.abc import Iterable, Mapping

from voice.listeners import Listener, ListenMode
from voice.party import Party, PartyState

Gains = dict[tuple[str, str], float]


def gains(parties: Mapping[str, Party], listeners: Iterable[Listener] = ()) -> Gains:
    """Linear gains by (from leg, to leg): all who are here hear each other; who is held, away or coming, nobody.

    Who is muted hears and is not heard. A listening supervisor hears all who are here; one who whispers is heard by
    the agent beside whom they sit, one who barges in by everybody, other supervisors included.
    """
    here = [party for party in parties.values() if party.state is PartyState.HERE]
    watching = list(listeners)
    heard = {party.leg_id for party in here if not party.muted}
    hearing = {party.leg_id for party in here}
    pairs = [(source, target) for source in heard for target in hearing]
    for one in watching:
        pairs += [(source, one.leg_id) for source in heard]
        if one.mode is ListenMode.BARGE:
            pairs += [(one.leg_id, target) for target in (*hearing, *(other.leg_id for other in watching))]
        elif one.mode is ListenMode.WHISPER:
            beside = parties.get(one.beside)
            pairs += [(one.leg_id, beside.leg_id)] if beside is not None and beside in here else []
    return {pair: 1.0 for pair in sorted(pairs) if pair[0] != pair[1]}
