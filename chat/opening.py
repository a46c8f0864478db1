"""What an opening says: who the visitor is, and what is asked of the router. Pure."""

from collections.abc import Mapping

from chat.identity import proven
from chat.messages import Open, User
from chat.ports import ChatRefusedError, Identity
from chat.rules import strictest, terms
from chat.site import ChatEntry
from records.messages import Chat
from router import events as facts
from router.vocabulary import Medium


def identity_of(user: User | None, visitor_id: str | None, entry: ChatEntry) -> Identity | None:
    """By what the visitor is known. Raises ChatRefusedError for a user who is not proven."""
    if user is not None:
        if not proven(entry.secret, user.id, user.proof, user.attributes):
            raise ChatRefusedError("bad_proof", "the user's identity is not proven")
        return Identity("user", user.id, verified=True)
    if visitor_id is not None:
        return Identity("visitor", visitor_id, verified=False)
    return None


def queued(chat: Chat, request: Open, entry: ChatEntry, node: str) -> facts.WorkQueued:
    """The work that the chat is: what language, entry and rules make of it."""
    signed = request.user.attributes if request.user is not None else {}
    priority, requirements = terms(entry.rules, signed, request.data)
    return facts.WorkQueued(
        work_id=chat.interaction_id,
        interaction_id=chat.interaction_id,
        medium=Medium.CHAT,
        queue=entry.queue,
        requirements=strictest((*entry.demands(chat.locale), *requirements)),
        priority=entry.priority + priority,
        node=node,
        attributes=tuple(sorted(_attributes(chat, entry, signed).items())),
    )


def _attributes(chat: Chat, entry: ChatEntry, signed: Mapping[str, str]) -> dict[str, str]:
    """What the queues' rules may speak of; of what the site signed only that by which it sorts its customers."""
    sorting = {key for rule in entry.rules for key in rule.signed}
    known = {f"customer.{key}": value for key, value in signed.items() if key in sorting}
    return {**known, "channel": chat.channel, "entry": entry.name, "language": chat.locale.partition("-")[0].lower()}
