"""Who an opening proves, and the work that it makes."""

import pytest

from chat.identity import proof_of
from chat.messages import Open, User
from chat.opening import identity_of, queued
from chat.ports import ChatRefusedError, Identity
from chat.rules import Rule
from chat.site import ChatEntry
from records.messages import Chat
from router.vocabulary import Requirement

SECRET = "a-secret-of-the-site"
ENTRY = ChatEntry(
    "web",
    "web_chat",
    "web_chat",
    SECRET,
    languages={"zh": (Requirement("mandarin", 1),)},
    priority=1,
    rules=(Rule(signed={"tier": "gold"}, priority=7, requirements=(Requirement("mandarin", 4),)),),
)


def user(**signed: str) -> User:
    return User(id="u1", proof=proof_of(SECRET, "u1", signed), attributes=signed)


def test_who_the_visitor_is() -> None:
    assert identity_of(None, None, ENTRY) is None
    assert identity_of(None, "v" * 16, ENTRY) == Identity("visitor", "v" * 16, verified=False)
    assert identity_of(user(), "v" * 16, ENTRY) == Identity("user", "u1", verified=True)
    assert identity_of(user(tier="gold"), None, ENTRY) == Identity("user", "u1", verified=True)


@pytest.mark.parametrize(
    "forged",
    [
        User(id="u1", proof=proof_of(SECRET, "u1"), attributes={"tier": "gold"}),
        User(id="u1", proof=proof_of(SECRET, "u1", {"tier": "silver"}), attributes={"tier": "gold"}),
        User(id="u1", proof=proof_of(SECRET, "u1", {"tier": "gold"})),
        User(id="u2", proof=proof_of(SECRET, "u1")),
    ],
)
def test_attributes_are_proven_with_the_id(forged: User) -> None:
    with pytest.raises(ChatRefusedError) as refused:
        identity_of(forged, None, ENTRY)
    assert refused.value.code == "bad_proof"


def test_rules_and_language_make_the_work() -> None:
    chat = Chat(
        interaction_id="i1",
        token_hash="h",
        entry="web",
        channel="web_chat",
        queue="web_chat",
        name="V",
        locale="zh-CN",
        opened_at=5,
    )
    opening = Open(entry="web", key="k" * 22, question="?", locale="zh-CN", user=user(tier="gold"))
    work = queued(chat, opening, ENTRY, "n1")
    assert work.attributes == (
        ("channel", "web_chat"),
        ("customer.tier", "gold"),
        ("entry", ENTRY.name),
        ("language", "zh"),
    )
    assert (work.queue, work.priority, work.requirements) == ("web_chat", 8, (Requirement("mandarin", 4),))
    plain = queued(chat, Open(entry="web", key="k" * 22, question="?"), ENTRY, "n1")
    assert (plain.priority, plain.requirements) == (1, (Requirement("mandarin", 1),))
