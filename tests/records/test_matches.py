"""Who may be the same person: by what both gave, wherever they gave it, and by a name that is nearly alike."""

from dataclasses import replace

import pytest

from records.attributes import Attribute, Attributes
from records.customers import Customers
from records.database import Database
from records.follow_ups import FollowUps
from records.matches import Clue, Match, Matches, _alike, _plain
from records.merging import Merges
from records.messages import Chats
from tests.records.test_merging import people
from tests.records.test_messages import chat, said


async def named(database: Database, customer: str, interaction: str, name: str, number: int) -> None:
    """A chat of that customer's, in which they gave this name."""
    one = replace(chat(number, name=name), interaction_id=interaction)
    await Chats(database).open(one, said(1, "hello", "c1"))
    await Customers(database).attach(interaction, customer, {}, 1)


async def test_the_same_value_however_it_was_given(database: Database) -> None:
    one, two, three, four, five = await people(database, 5)
    made = Customers(database)
    number = "+3225550100"  # the identity of the first one
    await made.attach("i1", two, {"phone": number}, 1)
    await Attributes(database).set(Attribute(three, "phone", number, "anna", 1))
    await FollowUps(database).callback("i3", "orders", number, "en", (), 1)
    await made.attach("i4", five, {"order": number}, 1)  # not by what a person is known
    found = await Matches(database).of(one)
    assert set(found) == {Match(each, (Clue("value", number),)) for each in (two, three, four)}
    assert await Matches(database).of(two) == (
        *sorted((Match(each, (Clue("value", number),)) for each in (one, three, four)), key=lambda m: m.customer_id),
    )
    assert await Matches(database).of(five) == ()


async def test_proven_ids_of_two_systems_and_mail_in_any_case(database: Database) -> None:
    made = Customers(database)
    one = await made.identify("user", "member-4711", True, 1)
    two = await made.identify("crm", "member-4711", True, 1)
    three = await made.identify("email", "someone@example.org", False, 1)
    await made.attach("i9", two, {"email": "Someone@Example.org "}, 1)
    found = {match.customer_id: match.clues for match in await Matches(database).of(two)}
    assert found == {
        one: (Clue("value", "member-4711"),),
        three: (Clue("value", "someone@example.org"),),
    }


async def test_near_names_come_after_values_and_merged_ones_are_one(database: Database) -> None:
    one, two, three, four = await people(database, 4)
    await named(database, one, "c1", "Katharina Vermeulen", 1)
    await named(database, two, "c2", "vermeulen katarina", 2)
    await named(database, three, "c3", "Peter Jansen", 3)
    await Customers(database).attach("i3", four, {"phone": "+3225550100"}, 1)
    matches = Matches(database)
    assert await matches.of(one) == (
        Match(four, (Clue("value", "+3225550100"),)),
        Match(two, (Clue("name", "vermeulen katarina"),)),
    )
    await Merges(database).merge(four, two, "ada", 9)
    (both,) = await matches.of(one)
    assert (both.customer_id, len(both.clues)) == (four, 2)
    await Merges(database).merge(one, four, "ada", 10)
    assert await matches.of(one) == ()


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Anna Lee", "lee  ANNA", True),
        ("王小明", "王小明", True),
        ("王小明", "王小红", False),
        ("Katharina", "Katarina", True),
        ("Ann", "Anna", False),
        ("Maria Santos", "Mario Santini", False),
    ],
)
def test_likeness(one: str, other: str, alike: bool) -> None:
    assert _alike(_plain(one), _plain(other)) is alike
