"""The calls that somebody speaks in now: who is in each of them, as agents and supervisors may see it."""

from collections.abc import Sequence

from agents_ws import messages as m
from server.current import CurrentSite
from voice.listeners import ListenMode
from voice.party import PartyKind, PartyState, PartyView


class LiveCalls:
    """By interaction. Names and what agents may see come from the site as it is now."""

    def __init__(self, current: CurrentSite) -> None:
        self.current = current
        self._parties: dict[str, tuple[PartyView, ...]] = {}

    def __len__(self) -> int:
        return len(self._parties)

    def __contains__(self, interaction_id: str) -> bool:
        return interaction_id in self._parties

    def change(self, interaction_id: str, parties: Sequence[PartyView]) -> tuple[PartyView, ...]:
        """Who is in it from now on, nobody when it is over; returns who was before."""
        before = self._parties.pop(interaction_id, ())
        if parties:
            self._parties[interaction_id] = tuple(parties)
        return before

    def all(self) -> Sequence[tuple[str, tuple[PartyView, ...]]]:
        """Every call, oldest first."""
        return tuple(self._parties.items())

    def of(self, interaction_id: str) -> tuple[PartyView, ...]:
        """Who is in this call; nobody when there is none."""
        return self._parties.get(interaction_id, ())

    def agents_in(self, interaction_id: str) -> tuple[str, ...]:
        """The agents who are in this call, or were a moment ago and may be back."""
        parties = self.of(interaction_id)
        return tuple(p.agent_id for p in parties if p.kind is PartyKind.AGENT and p.state is not PartyState.COMING)

    def shown(self, interaction_id: str, own: str, *, to_agent: bool) -> tuple[m.CallParty, ...]:
        """The parties as a page shows them; `own` is the party of whoever looks at it."""
        quiet = to_agent and not self.current.site.calls.show_listeners
        return tuple(
            self._party(party, own)
            for party in self.of(interaction_id)
            if not (quiet and party.mode == ListenMode.LISTEN.value)
        )

    def _party(self, party: PartyView, own: str) -> m.CallParty:
        agent = self.current.agent(party.agent_id)
        return m.CallParty(
            id=party.party_id,
            kind=party.kind.value,
            state=party.state.value,  # type: ignore[arg-type]  # who is gone is no party any more
            agent=party.agent_id or None,
            name=agent.display_name if agent else "",
            queue=party.queue or None,
            number=party.number or None,
            muted=party.muted,
            you=party.party_id == own,
            mode=ListenMode(party.mode).value if party.mode else None,
            beside=party.beside or None,
        )
