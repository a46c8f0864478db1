"""The site of a run is one that a server takes, and everybody in it has a number of their own."""

from pathlib import Path

from config.whole import load_whole
from router.vocabulary import Medium
from tests.failure.layout import (
    CALL_QUEUES,
    CALLED_BACK,
    CHAT_ENTRY,
    CHAT_QUEUE,
    LETTERS,
    number_of,
    phone_of,
    write_site,
)

CREWS = (("crew0-0", "crew0-1"), ("crew1-0", "crew1-1"))


def test_the_site_is_whole(tmp_path: Path) -> None:
    whole = load_whole(write_site(tmp_path, CREWS, "127.0.0.1", 5080), (), {})
    site = whole.site
    assert not site.demo_password
    media = {name: site.queues[name].medium for name in (*LETTERS, CHAT_QUEUE, *CALL_QUEUES.values())}
    assert set(media.values()) == {Medium.EMAIL, Medium.CHAT, Medium.VOICE}
    assert site.queues[CALLED_BACK].when_node_lost == "call_back"
    assert whole.chats.entries[CHAT_ENTRY].queue == CHAT_QUEUE
    for agent in (agent for crew in CREWS for agent in crew):
        assert site.agents[agent].sip_user == phone_of(agent)


def test_numbers_and_telephones_are_ones_own() -> None:
    assert len({phone_of(f"crew{crew}-{number}") for crew in range(12) for number in range(120)}) == 12 * 120
    assert len({number_of(call) for call in range(2000)}) == 2000
