"""Customers as persons: what the API asks of the records, an audit line for each change, and news for the agents."""

from collections.abc import Callable, Mapping
from typing import Any

from http_api.interactions_api import CustomerIdentity
from http_api.profiles_api import (
    CustomerAttribute,
    CustomerProfile,
    MatchClue,
    MergedCustomer,
    PossibleMatch,
    refused,
)
from records.attributes import Attribute, Attributes
from records.audit import Audit, Intervention
from records.customers import Customers
from records.database import Database
from records.interactions import Filter, Interactions
from records.matches import Match, Matches
from records.merging import Merge, MergeError, Merges
from records.sessions import Caller
from server.desks.customer_news import CustomerNews

COUNTED = 50
_WORDS = {
    "unknown_customer": (404, "There is no such customer."),
    "same_customer": (409, "They are one customer already."),
    "not_merged": (409, "This customer is not merged with anybody."),
}


class CustomerDesk:
    """http_api.profiles_api.Profiles. `wall` gives microseconds since the epoch."""

    def __init__(self, database: Database, audit: Audit, news: CustomerNews, wall: Callable[[], int]) -> None:
        self._customers = Customers(database)
        self._merges = Merges(database)
        self._matches = Matches(database)
        self._attributes = Attributes(database)
        self._interactions = Interactions(database)
        self._audit = audit
        self._news = news
        self._wall = wall

    async def profile(self, customer_id: str, *, may_merge: bool, may_edit: bool) -> CustomerProfile | None:
        """None for an unknown one."""
        root = await self._merges.root(customer_id)
        if root is None:
            return None
        return CustomerProfile(
            id=root,
            identities=await self._identities(root),
            attributes=tuple(_attribute(each) for each in await self._attributes.of(root)),
            merged=tuple([await self._merged(each) for each in await self._merges.members(root)]),
            matches=tuple([await self._match(each) for each in await self._matches.of(root)]) if may_merge else (),
            may_merge=may_merge,
            may_edit=may_edit,
        )

    async def is_match(self, customer_id: str, other_id: str) -> bool:
        """Whether the other one is among the possible matches."""
        return any(match.customer_id == other_id for match in await self._matches.of(customer_id))

    async def merge(self, caller: Caller, customer_id: str, other_id: str, comment: str) -> None:
        """The other one, with whoever was merged into them, becomes part of this one."""
        try:
            done = await self._merges.merge(customer_id, other_id, caller.account, self._wall())
        except MergeError as error:
            raise refused(_WORDS[error.code][0], error.code, _WORDS[error.code][1]) from None
        await self._keep(caller, "merge_customers", done.into_id, {}, {"merged": done.customer_id}, comment)
        await self._news.changed(done.into_id)

    async def unmerge(self, caller: Caller, customer_id: str, other_id: str, comment: str) -> None:
        """The other one, who was merged, stands for themselves again."""
        root = await self._merges.root(customer_id)
        if root is None or await self._merges.root(other_id) != root:
            raise refused(404, "unknown_customer", "There is no such customer merged with this one.")
        try:
            done = await self._merges.undo(other_id, caller.account, self._wall())
        except MergeError as error:
            raise refused(_WORDS[error.code][0], error.code, _WORDS[error.code][1]) from None
        await self._keep(caller, "unmerge_customers", done.into_id, {"merged": done.customer_id}, {}, comment)
        await self._news.changed(done.into_id)
        await self._news.changed(done.customer_id)

    async def set_attribute(self, caller: Caller, customer_id: str, name: str, value: str | None) -> None:
        """Writes or removes one. The audit log has its name: what is personal can be erased where it is."""
        root = await self._merges.root(customer_id)
        if root is None:
            raise refused(404, "unknown_customer", "There is no such customer.")
        if value is None:
            await self._attributes.remove(root, name)
        else:
            try:
                await self._attributes.set(Attribute(root, name.strip(), value.strip(), caller.account, self._wall()))
            except ValueError as error:
                raise refused(422, "bad_attribute", str(error)) from None
        await self._keep(caller, "edit_customer", root, {}, {"attribute": name, "removed": value is None}, "")
        await self._news.changed(root)

    async def _identities(self, customer_id: str) -> tuple[CustomerIdentity, ...]:
        known = await self._customers.identities(customer_id)
        return tuple(CustomerIdentity(each.kind, each.value, each.unverified) for each in known)

    async def _merged(self, merge: Merge) -> MergedCustomer:
        own = await self._customers.own_identities(merge.customer_id)
        return MergedCustomer(
            customer_id=merge.customer_id,
            into_id=merge.into_id,
            at=merge.at,
            by=merge.by,
            identities=tuple(CustomerIdentity(each.kind, each.value, each.unverified) for each in own),
        )

    async def _match(self, match: Match) -> PossibleMatch:
        past = await self._interactions.list(Filter(customer_id=match.customer_id), COUNTED)
        return PossibleMatch(
            customer_id=match.customer_id,
            clues=tuple(MatchClue(kind=clue.kind, value=clue.value) for clue in match.clues),
            identities=await self._identities(match.customer_id),
            interactions=len(past),
            last_at=past[0].opened_at if past else None,
        )

    async def _keep(
        self,
        caller: Caller,
        action: str,
        customer_id: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        comment: str,
    ) -> None:
        await self._audit.add(
            Intervention.of(caller, self._wall(), action, f"customer:{customer_id}", before, after, comment)
        )


def _attribute(one: Attribute) -> CustomerAttribute:
    return CustomerAttribute(name=one.name, value=one.value, by=one.by, at=one.at, customer_id=one.customer_id)
