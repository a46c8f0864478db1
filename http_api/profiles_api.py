"""One customer as a person: identities, attributes, who was merged with them, and who may be the same."""

from typing import Annotated, Protocol

import msgspec
from aiohttp import web

from http_api.customers_api import may_see_customer
from http_api.guard import CALLER
from http_api.interactions_api import CustomerIdentity
from http_api.ports import InteractionQueries, Scopes
from http_api.problems import ProblemError, not_found
from http_api.routes import Route, read_body, reply
from records.roles import Action, Extent, allowed, extent
from records.sessions import Caller

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Comment = Annotated[str, msgspec.Meta(max_length=500)]
Value = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class CustomerAttribute(msgspec.Struct, frozen=True, kw_only=True):
    """A fact about the customer; `customer_id` is who of those who were merged it was written to."""

    name: str
    value: str
    by: str
    at: int
    customer_id: str


class MergedCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who was merged into `into_id`, with the identities that go with them when that is taken back."""

    customer_id: str
    into_id: str
    at: int
    by: str
    identities: tuple[CustomerIdentity, ...]


class MatchClue(msgspec.Struct, frozen=True, kw_only=True):
    """`value`: both gave it; `name`: the other one's name, nearly alike."""

    kind: str
    value: str


class PossibleMatch(msgspec.Struct, frozen=True, kw_only=True):
    """A customer who may be the same person; `interactions` (50 at most are counted) and when the last one began."""

    customer_id: str
    clues: tuple[MatchClue, ...]
    identities: tuple[CustomerIdentity, ...]
    interactions: int
    last_at: int | None


class CustomerProfile(msgspec.Struct, frozen=True, kw_only=True):
    """`id` stands for all who were merged. `may_merge`, `may_edit`: what the caller may do here."""

    id: str
    identities: tuple[CustomerIdentity, ...]
    attributes: tuple[CustomerAttribute, ...]
    merged: tuple[MergedCustomer, ...]
    matches: tuple[PossibleMatch, ...]
    may_merge: bool
    may_edit: bool


class MergeWith(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The other customer, and why."""

    customer_id: Id
    comment: Comment = ""


class AttributeValue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """null takes the attribute away."""

    value: Value | None


class Profiles(Protocol):
    """Who keeps them (server.desks.customer_desk). What cannot be is a ProblemError."""

    async def profile(self, customer_id: str, *, may_merge: bool, may_edit: bool) -> CustomerProfile | None:
        """None for an unknown one."""
        ...

    async def is_match(self, customer_id: str, other_id: str) -> bool:
        """Whether the other one is among the possible matches."""
        ...

    async def merge(self, caller: Caller, customer_id: str, other_id: str, comment: str) -> None:
        """The other one, with whoever was merged into them, becomes part of this one."""
        ...

    async def unmerge(self, caller: Caller, customer_id: str, other_id: str, comment: str) -> None:
        """The other one, who was merged, stands for themselves again."""
        ...

    async def set_attribute(self, caller: Caller, customer_id: str, name: str, value: str | None) -> None:
        """Writes or removes one."""
        ...


class ProfilesApi:
    """GET /customers/{id}, PUT .../attributes/{name}, POST .../merge and .../unmerge."""

    def __init__(self, profiles: Profiles, interactions: InteractionQueries, scopes: Scopes) -> None:
        self._profiles = profiles
        self._interactions = interactions
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        one = "/api/v1/customers/{id}"
        return (
            Route(
                method="GET",
                path=one,
                handler=self.show,
                operation="getCustomer",
                summary="A customer: identities, attributes, who was merged with them, possible matches",
                roles=allowed(Action.SEE_CUSTOMERS),
                replies={200: CustomerProfile},
                problems=(404,),
            ),
            Route(
                method="PUT",
                path=f"{one}/attributes/{{name}}",
                handler=self.set_attribute,
                operation="setCustomerAttribute",
                summary="Write down a fact about a customer, or remove it",
                roles=allowed(Action.EDIT_CUSTOMERS),
                body=AttributeValue,
                replies={200: CustomerProfile},
                problems=(404, 422),
            ),
            Route(
                method="POST",
                path=f"{one}/merge",
                handler=self.merge,
                operation="mergeCustomers",
                summary="Another customer is the same person",
                roles=allowed(Action.MERGE_CUSTOMERS),
                body=MergeWith,
                replies={200: CustomerProfile},
                problems=(404, 409),
            ),
            Route(
                method="POST",
                path=f"{one}/unmerge",
                handler=self.unmerge,
                operation="unmergeCustomers",
                summary="A customer who was merged is somebody else after all; restores exactly what was",
                roles=allowed(Action.MERGE_CUSTOMERS),
                body=MergeWith,
                replies={200: CustomerProfile},
                problems=(404, 409),
            ),
        )

    async def show(self, request: web.Request) -> web.Response:
        """404 also for a customer out of the caller's reach."""
        await self._check(request, Action.SEE_CUSTOMERS)
        return await self._shown(request)

    async def set_attribute(self, request: web.Request) -> web.Response:
        """The profile as it is then."""
        body = await read_body(request, AttributeValue)
        await self._check(request, Action.EDIT_CUSTOMERS)
        customer_id, name = request.match_info["id"], request.match_info["name"]
        await self._profiles.set_attribute(request[CALLER], customer_id, name, body.value)
        return await self._shown(request)

    async def merge(self, request: web.Request) -> web.Response:
        """Agents merge those whom they may see, and those whom the server has found to be possible matches."""
        body = await read_body(request, MergeWith)
        await self._check(request, Action.MERGE_CUSTOMERS)
        customer_id = request.match_info["id"]
        if not await self._reaches(request, Action.MERGE_CUSTOMERS, body.customer_id) and not (
            await self._profiles.is_match(customer_id, body.customer_id)
        ):
            raise not_found()
        await self._profiles.merge(request[CALLER], customer_id, body.customer_id, body.comment)
        return await self._shown(request)

    async def unmerge(self, request: web.Request) -> web.Response:
        """The profile of who stays."""
        body = await read_body(request, MergeWith)
        await self._check(request, Action.MERGE_CUSTOMERS)
        await self._profiles.unmerge(request[CALLER], request.match_info["id"], body.customer_id, body.comment)
        return await self._shown(request)

    async def _shown(self, request: web.Request) -> web.Response:
        role = request[CALLER].role
        profile = await self._profiles.profile(
            request.match_info["id"],
            may_merge=extent(role, Action.MERGE_CUSTOMERS) is not Extent.NONE,
            may_edit=extent(role, Action.EDIT_CUSTOMERS) is not Extent.NONE,
        )
        if profile is None:
            raise not_found()
        return reply(profile)

    async def _check(self, request: web.Request, action: Action) -> None:
        if not await self._reaches(request, action, request.match_info["id"]):
            raise not_found()

    async def _reaches(self, request: web.Request, action: Action, customer_id: str) -> bool:
        scope = self._scopes.of(request[CALLER])
        return await may_see_customer(self._interactions, scope, customer_id, action)


def refused(status: int, code: str, detail: str) -> ProblemError:
    """What the keeper of the profiles says to what cannot be."""
    return ProblemError(status, code.replace("_", "-"), detail)
