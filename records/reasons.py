"""Why an offer or a conversation ended, as far as the event says it."""

from router.events import AssignmentEnded, AssignmentFailed, Event, OfferFailed, OfferRejected


def reason_for(event: Event, reservation_id: str) -> str | None:
    """The event's own reason when it is about this reservation: its turn may end others too, for reasons of theirs."""
    match event:
        case (
            OfferRejected(reservation_id=about, reason=reason)
            | OfferFailed(reservation_id=about, reason=reason)
            | AssignmentFailed(reservation_id=about, reason=reason)
            | AssignmentEnded(reservation_id=about, reason=reason)
        ) if about == reservation_id:
            return reason
        case _:
            return None
