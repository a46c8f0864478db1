"""Customers: found by an identity, and everything that one of them did, over all channels, in one timeline."""

from typing import Protocol

import msgspec
from aiohttp import web

from http_api.guard import CALLER
from http_api.interactions_api import DEFAULT_LIMIT, PAGE, CustomerIdentity, next_page, read_before
from http_api.ports import InteractionQueries, Scopes
from http_api.problems import ProblemError, not_found
from http_api.routes import Parameter, Route, read_number, reply
from records.customers import Identity
from records.interactions import MAX_LIMIT, Filter, InteractionRecord
from records.roles import Action, Extent, Scope, allowed, extent


class Customer(msgspec.Struct, frozen=True):
    """A person with all identities, oldest first."""

    id: str
    identities: tuple[CustomerIdentity, ...]


class CustomerList(msgspec.Struct, frozen=True):
    """The customers with the identity that was asked for."""

    customers: tuple[Customer, ...]


class Timeline(msgspec.Struct, frozen=True):
    """A customer's interactions over all channels, newest first. `next` goes into `before`, null on the last page."""

    customer: Customer
    items: tuple[InteractionRecord, ...]
    next: str | None


class CustomerQueries(Protocol):
    """Customers (records.customers.Customers)."""

    async def known(self, customer_id: str) -> bool: ...

    async def find(self, value: str, kind: str | None = None) -> tuple[str, ...]: ...

    async def identities(self, customer_id: str) -> tuple[Identity, ...]: ...


class CustomersApi:
    """GET /customers and /customers/{id}/timeline."""

    def __init__(self, customers: CustomerQueries, interactions: InteractionQueries, scopes: Scopes) -> None:
        self._customers = customers
        self._interactions = interactions
        self._scopes = scopes

    def routes(self) -> tuple[Route, ...]:
        """Its rows of the route table."""
        return (
            Route(
                method="GET",
                path="/api/v1/customers",
                handler=self.find,
                operation="findCustomers",
                summary="Customers by an identity; an agent finds those whom that agent was offered",
                roles=allowed(Action.SEE_CUSTOMERS),
                replies={200: CustomerList},
                query=(
                    Parameter("identity", "A number, address or id in its normal form (+3225550100)"),
                    Parameter("kind", "Only identities of this kind (phone, email, visitor, ...)"),
                ),
                problems=(400,),
            ),
            Route(
                method="GET",
                path="/api/v1/customers/{id}/timeline",
                handler=self.timeline,
                operation="getTimeline",
                summary="All interactions of a customer over all channels, newest first",
                roles=allowed(Action.SEE_CUSTOMERS),
                replies={200: Timeline},
                query=PAGE,
                problems=(400, 404),
            ),
        )

    async def find(self, request: web.Request) -> web.Response:
        """An empty list when nobody has the identity, or nobody whom the caller may see."""
        identity = request.query.get("identity", "")
        if not identity:
            raise ProblemError(400, "bad-request", "identity is needed.")
        found = await self._customers.find(identity, request.query.get("kind"))
        scope = self._scopes.of(request[CALLER])
        seen = [await self._customer(each) for each in found if await may_see_customer(self._interactions, scope, each)]
        return reply(CustomerList(tuple(seen)))

    async def timeline(self, request: web.Request) -> web.Response:
        """404 also for a customer out of the caller's reach."""
        customer_id = request.match_info["id"]
        limit = read_number(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
        before = read_before(request.query.get("before"))
        scope = self._scopes.of(request[CALLER])
        if not await self._customers.known(customer_id) or not await may_see_customer(
            self._interactions, scope, customer_id
        ):
            raise not_found()
        items = await self._interactions.list(Filter(customer_id=customer_id), limit, before)
        following = next_page(items[-1]) if len(items) == limit else None
        return reply(Timeline(await self._customer(customer_id), items, following))

    async def _customer(self, customer_id: str) -> Customer:
        known = await self._customers.identities(customer_id)
        return Customer(customer_id, tuple(CustomerIdentity(each.kind, each.value, each.unverified) for each in known))


async def may_see_customer(
    interactions: InteractionQueries, scope: Scope, customer_id: str, action: Action = Action.SEE_CUSTOMERS
) -> bool:
    """Whether the action reaches this customer; an agent's own are those of whom an interaction was offered to them."""
    match extent(scope.role, action):
        case Extent.NONE:
            return False
        case Extent.OWN:
            return scope.agent_id is not None and await interactions.offered_customer(customer_id, scope.agent_id)
        case Extent.TEAMS | Extent.ALL:
            return True
