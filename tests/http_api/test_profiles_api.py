"""A customer as a person over the API: whom an agent may merge, and what cannot be."""

from typing import Any

import pytest

from http_api.profiles_api import CustomerProfile, ProfilesApi, refused
from records.customers import Customers
from records.sessions import Caller
from tests.http_api.conftest import MakeSite, Site


class Book:
    """Remembers what was asked; `friend` is a possible match of everybody."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    async def profile(self, customer_id: str, *, may_merge: bool, may_edit: bool) -> CustomerProfile | None:
        return CustomerProfile(
            id=customer_id,
            identities=(),
            attributes=(),
            merged=(),
            matches=(),
            may_merge=may_merge,
            may_edit=may_edit,
        )

    async def is_match(self, customer_id: str, other_id: str) -> bool:
        return other_id == "friend"

    async def merge(self, caller: Caller, customer_id: str, other_id: str, comment: str) -> None:
        if other_id == customer_id:
            raise refused(409, "same_customer", "They are one customer already.")
        self.asked.append((caller.account, "merge", customer_id, other_id, comment))

    async def unmerge(self, caller: Caller, customer_id: str, other_id: str, comment: str) -> None:
        self.asked.append((caller.account, "unmerge", customer_id, other_id, comment))

    async def set_attribute(self, caller: Caller, customer_id: str, name: str, value: str | None) -> None:
        self.asked.append((caller.account, name, str(value)))


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
async def site(make_site: MakeSite, book: Book) -> Site:
    return await make_site(lambda ports: ProfilesApi(book, ports.interactions, ports.scopes).routes())


async def own(site: Site) -> str:
    """The customer whom anna was offered."""
    (found,) = await Customers(site.database).find("+3225550100")
    return str(found)


async def test_an_agent_s_own_customer_and_nobody_else(site: Site, book: Book) -> None:
    one = f"/api/v1/customers/{await own(site)}"
    status, profile = await site.get("anna", one)
    assert (status, profile["may_merge"], profile["may_edit"]) == (200, True, True)
    assert (await site.get("dora", one))[0] == 404
    assert (await site.send("crm", "GET", one))[0] == 403
    for path, body in (("merge", {"customer_id": "friend"}), ("unmerge", {"customer_id": "friend"})):
        assert (await site.send("dora", "POST", f"{one}/{path}", body))[0] == 404
        assert (await site.send("crm", "POST", f"{one}/{path}", body))[0] == 403
    assert (await site.send("dora", "PUT", f"{one}/attributes/stage", {"value": "x"}))[0] == 404
    assert book.asked == []


async def test_an_agent_merges_a_match_and_a_supervisor_anybody(site: Site, book: Book) -> None:
    customer = await own(site)
    one = f"/api/v1/customers/{customer}"
    assert (await site.send("anna", "POST", f"{one}/merge", {"customer_id": "stranger"}))[0] == 404
    assert (await site.send("anna", "POST", f"{one}/merge", {"customer_id": "friend", "comment": "said so"}))[0] == 200
    assert (await site.send("sam", "POST", f"{one}/merge", {"customer_id": "stranger"}))[0] == 200
    assert (await site.send("anna", "POST", f"{one}/unmerge", {"customer_id": "friend"}))[0] == 200
    assert book.asked == [
        ("anna", "merge", customer, "friend", "said so"),
        ("sam", "merge", customer, "stranger", ""),
        ("anna", "unmerge", customer, "friend", ""),
    ]
    status, problem = await site.send("sam", "POST", f"{one}/merge", {"customer_id": customer})
    assert (status, problem["type"]) == (409, "urn:jackfield:problem:same-customer")


@pytest.mark.parametrize("body", [{}, {"value": ""}, {"value": "x" * 1001}, {"value": "x", "more": 1}, {"value": 3}])
async def test_what_is_no_attribute(site: Site, book: Book, body: Any) -> None:
    one = f"/api/v1/customers/{await own(site)}"
    assert (await site.send("anna", "PUT", f"{one}/attributes/stage", body))[0] == 400
    assert book.asked == []


async def test_attributes_are_set_and_removed(site: Site, book: Book) -> None:
    one = f"/api/v1/customers/{await own(site)}"
    assert (await site.send("anna", "PUT", f"{one}/attributes/stage", {"value": "new"}))[0] == 200
    assert (await site.send("anna", "PUT", f"{one}/attributes/stage", {"value": None}))[0] == 200
    assert book.asked == [("anna", "stage", "new"), ("anna", "stage", "None")]
