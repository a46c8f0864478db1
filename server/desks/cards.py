"""What an agent's screen shows: offers, assignments, wrap-ups and the snapshot, made from rows and contexts."""

from collections.abc import Callable, Mapping
from typing import Any

from agents_ws import messages as m
from config.site import Named, Site, label
from records.meetings import Earlier
from router.breach import due
from router.commands import SendOffer, ShowPresence
from router.rows import AgentRow, ReservationRow, WorkRow
from router.vocabulary import Medium, OfferState, Presence, Requirement
from server.current import CurrentSite
from server.desks.contexts import InteractionContext

# Where the agent was named, and no strategy has chosen.
DIRECTED = "directed"
# What items ask for is kept at hand in so many forms.
MOST_DEMANDS = 1_000


def choices(named: Mapping[str, Named]) -> tuple[m.Choice, ...]:
    """Reasons or dispositions to pick from."""
    return tuple(m.Choice(id=code, label=label(one.title, one.titles)) for code, one in named.items())


def _past(earlier: Earlier) -> m.PastInteraction:
    record = earlier.record
    return m.PastInteraction(
        interaction_id=record.id,
        at_us=record.opened_at,
        channel=record.channel,
        queue=record.queue,
        outcome=record.outcome,
        disposition=record.disposition,
        agent=record.agent_id,
        note=earlier.note,
    )


def _history(context: InteractionContext) -> tuple[m.PastInteraction, ...]:
    return tuple(_past(earlier) for earlier in context.history)


class _OfSite:
    """What cards show of one site alone: made once for it, as each call shows it four times."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._titles: dict[str, m.Label] = {}
        self._dispositions: dict[str, tuple[m.Choice, ...]] = {}
        self._demands: dict[tuple[str, tuple[Requirement, ...]], tuple[m.SkillDemand, ...]] = {}

    def title(self, queue: str) -> m.Label:
        """A queue's, by language."""
        made = self._titles.get(queue)
        if made is None:
            known = self.site.queues.get(queue)
            made = self._titles[queue] = label(known.title, known.titles) if known else {"en": queue}
        return made

    def dispositions(self, queue: str) -> tuple[m.Choice, ...]:
        """A queue's codes; all of the site's for a queue that is gone."""
        site = self.site
        made = self._dispositions.get(queue)
        if made is None:
            known = site.queues.get(queue)
            codes = known.dispositions if known else tuple(site.dispositions)
            made = choices({code: site.dispositions[code] for code in codes if code in site.dispositions})
            if known:
                self._dispositions[queue] = made
        return made

    def demands(self, queue: str, own: tuple[Requirement, ...]) -> tuple[m.SkillDemand, ...]:
        """What a queue and an item in it ask of an agent, each skill once."""
        made = self._demands.get((queue, own))
        if made is None:
            known = self.site.queues.get(queue)
            least = {need.skill: need.minimum for need in (known.demanded if known else ())}
            least.update({need.skill: max(need.minimum, least.get(need.skill, 0)) for need in own})
            made = tuple(self._demand(skill, minimum) for skill, minimum in least.items())
            if len(self._demands) >= MOST_DEMANDS:  # programs ask for what they like
                self._demands.clear()
            self._demands[queue, own] = made
        return made

    def _demand(self, skill: str, minimum: int) -> m.SkillDemand:
        known = self.site.skills.get(skill)
        return m.SkillDemand(skill=skill, minimum=minimum, title=label(known.title, known.titles) if known else {})


class Cards:
    """Makes messages; remembers each open offer's decision and who is on hold, for redrawing."""

    def __init__(self, current: CurrentSite) -> None:
        self.current = current
        self._offers: dict[str, SendOffer] = {}
        self._held: dict[str, int] = {}
        self.chat_of: Callable[[str], m.ChatCard | None] = lambda _interaction_id: None
        self._made = _OfSite(current.site)

    def __len__(self) -> int:
        return len(self._offers)

    @property
    def site(self) -> Site:
        """The site as it is now."""
        return self.current.site

    @property
    def _of_site(self) -> _OfSite:
        if self._made.site is not self.current.site:
            self._made = _OfSite(self.current.site)
        return self._made

    def remember(self, command: SendOffer) -> None:
        """An offer was made."""
        self._offers[command.reservation_id] = command

    def forget(self, reservation_id: str) -> None:
        """The reservation is over."""
        self._offers.pop(reservation_id, None)
        self._held.pop(reservation_id, None)

    def hold(self, reservation_id: str, since: int | None) -> None:
        """On hold since then, or not any more."""
        if since is None:
            self._held.pop(reservation_id, None)
        else:
            self._held[reservation_id] = since

    def offer(self, row: ReservationRow, work: WorkRow, context: InteractionContext, now: int) -> m.Offer:
        """The invitation as a card."""
        deadline = row.deadline if row.deadline is not None else now
        return m.Offer(
            **self._card(row, work, context, now),
            deadline_us=deadline,
            timeout_ms=(deadline - row.offered_at) // 1000,
            attempt=work.attempts,
            due_at_us=self._due(work),
        )

    def _due(self, work: WorkRow) -> int | None:
        queue = self.site.queues.get(work.queue)
        return None if queue is None or work.callback else due(work, queue.service_level.threshold_us)

    def past(self, command: SendOffer, context: InteractionContext) -> m.Past:
        """What an offer was shown without."""
        return m.Past(
            reservation_id=command.reservation_id, interaction_id=command.interaction_id, history=_history(context)
        )

    def assignment(
        self,
        row: ReservationRow,
        work: WorkRow,
        context: InteractionContext,
        now: int,
        *,
        state: str | None = None,
        by: Any = None,
    ) -> m.Assignment:
        """The accepted offer as a card; `state` overrides what the row says."""
        held = self._held.get(row.reservation_id)
        shown: Any = state or ("held" if held else "connected" if row.state is OfferState.CONNECTED else "accepted")
        since = held or row.connected_at or row.offered_at
        return m.Assignment(
            **self._card(row, work, context, now),
            state=shown,
            since_us=now if state else since,
            connected_at_us=row.connected_at,
            by=by,
        )

    def wrap_up(self, row: ReservationRow, work: WorkRow) -> m.WrapUp:
        """After-contact work."""
        rules = self.site.queues.get(work.queue)
        more = rules.wrap_up_extend_us - row.extended_us if rules else 0
        return m.WrapUp(
            reservation_id=row.reservation_id,
            interaction_id=work.interaction_id,
            deadline_us=row.deadline or 0,
            dispositions=self.dispositions(work.queue),
            extend_s=max(0, more) // 1_000_000,
            required=rules is not None and rules.disposition_required,
        )

    def dispositions(self, queue: str) -> tuple[m.Choice, ...]:
        """A queue's codes; all of the site's for a queue that is gone."""
        return self._of_site.dispositions(queue)

    def snapshot(
        self,
        agent: AgentRow | None,
        leg: m.LegState,
        held: list[tuple[ReservationRow, WorkRow, InteractionContext]],
        now: int,
    ) -> m.Snapshot:
        """All that the page shows."""
        offers = [self.offer(*each, now) for each in held if each[0].state is OfferState.OFFERED]
        assignments = [
            self.assignment(*each, now) for each in held if each[0].state in (OfferState.ACCEPTED, OfferState.CONNECTED)
        ]
        assignments += [
            self.assignment(*each, now, state="ended") for each in held if each[0].state is OfferState.WRAP_UP
        ]
        wrap_ups = [self.wrap_up(row, work) for row, work, _ in held if row.state is OfferState.WRAP_UP]
        return m.Snapshot(
            presence=agent.presence if agent else Presence.OFFLINE,
            reason=agent.reason if agent else None,
            since_us=agent.presence_since if agent else now,
            leg=leg,
            media=self._media(agent),
            paused=agent.paused if agent else (),
            next=agent.next_presence if agent else None,
            next_reason=agent.next_reason if agent else None,
            offers=tuple(offers),
            assignments=tuple(assignments),
            wrap_ups=tuple(wrap_ups),
            reasons=choices(self.site.not_ready_reasons),
            dispositions={name: self.dispositions(name) for name in self.site.queues},
            dials=any(trunk.dial for trunk in self.site.calls.trunks.values()),
        )

    def presence(self, shown: ShowPresence) -> m.PresenceShown:
        """What now holds of an agent."""
        return m.PresenceShown(
            presence=shown.presence,
            since_us=shown.since,
            reason=shown.reason,
            paused=shown.paused,
            next=shown.next_presence,
            next_reason=shown.next_reason,
        )

    def _media(self, agent: AgentRow | None) -> tuple[Medium, ...]:
        """What the agent may have work of at all."""
        known = self.site.agents.get(agent.agent_id) if agent else None
        return tuple(medium for medium in Medium if known is not None and known.capacity.get(medium, 0) > 0)

    def _card(self, row: ReservationRow, work: WorkRow, context: InteractionContext, now: int) -> dict[str, Any]:
        of_site = self._of_site
        made = self._offers.get(row.reservation_id)
        why = None
        if work.directed == row.agent_id:
            # Transferred to them by name, taken over or called back by them, or assigned: nobody else was looked at.
            why = m.Why(strategy=DIRECTED, terms={})
        elif made is not None:
            decision = made.decision
            why = m.Why(strategy=decision.strategy, terms=dict(decision.terms), runner_up=decision.runner_up)
        return {
            "reservation_id": row.reservation_id,
            "interaction_id": work.interaction_id,
            "medium": row.medium,
            "queue": work.queue,
            "queue_title": of_site.title(work.queue),
            "caller": m.Caller(display=context.caller_name, number=context.number, verified=context.verified),
            "queued_at_us": work.queued_at,
            "waited_ms": max(0, (row.connected_at or now) - work.queued_at) // 1000,
            "requirements": of_site.demands(work.queue, work.requirements),
            "ivr_path": context.path,
            "data": context.data,
            "why": why,
            "history": _history(context),
            "callback": work.callback,
            "chat": self.chat_of(work.interaction_id) if row.medium is Medium.CHAT else None,
        }
