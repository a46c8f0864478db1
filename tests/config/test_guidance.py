"""guidance.toml: the demo's, a site without one, and each mistake with its key."""

import tomllib

import pytest

import config
from config.guidance import Guidance, read_guidance
from ivr.reading import Table
from tests.config.conftest import DEMO

QUEUES = ("orders", "web_chat")


def read(text: str) -> tuple[Guidance, list[tuple[str, str]]]:
    table = Table(tomllib.loads(text), "", [])
    return read_guidance(table, QUEUES), [(each.path, each.message) for each in table.problems]


def test_the_demo_speaks_every_language_of_the_pages() -> None:
    site = config.load(DEMO)
    assert site.replies["order"].queues == ("web_chat",)
    assert site.replies["hello"].queues == ()
    assert all(set(reply.texts) == {"en", "zh-CN", "zh-TW"} for reply in site.replies.values())
    assert all(set(texts) == {"en", "zh-CN", "zh-TW"} for texts in site.scripts.values())
    assert "{agent}" in site.replies["hello"].texts["en"]


def test_the_demo_has_a_word_for_whatever_its_flows_call_things() -> None:
    site = config.load(DEMO)
    texts = [tomllib.loads(path.read_text(encoding="utf-8")) for path in (DEMO / "flows").glob("*.toml")]
    nodes = [node for text in texts for node in text["nodes"].values()]
    labels = {choice["label"] for node in nodes for choice in node.get("choices", {}).values()}
    values = {value for node in nodes for value in node.get("data", {}).values() if "{" not in value}
    assert labels | values <= site.words.keys()
    titles = [one.titles for one in site.words.values()] + [one.titles for one in site.channels.values()]
    assert all(set(one) == {"en", "zh-CN", "zh-TW"} for one in titles)


def test_a_site_may_have_none() -> None:
    assert read("") == (Guidance(), [])


def test_what_a_customer_told_may_be_named() -> None:
    found, problems = read('[replies.a]\ntitle = "A"\ntext = { en = "Order {data.order_number} for {customer}" }')
    assert problems == []
    assert found.replies["a"].texts == {"en": "Order {data.order_number} for {customer}"}


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ('[replies."A B"]\ntitle = "x"\ntext = { en = "y" }', "replies.A B", "is no name"),
        ('[replies.a]\ntitle = "x"\ntext = { en = "{custmer}" }', "replies.a.text.en", "not known"),
        ('[replies.a]\ntitle = "x"\ntext = { English = "y" }', "replies.a.text.English", "no language"),
        ('[replies.a]\ntitle = "x"\ntext = {}', "replies.a.text", "has no text"),
        ('[replies.a]\ntext = { en = "y" }', "replies.a.title", "missing"),
        ('[replies.a]\ntitle = "x"\nqueues = ["mail"]\ntext = { en = "y" }', "replies.a.queues[0]", "not known"),
        (f'[replies.a]\ntitle = "x"\ntext = {{ en = "{"y" * 4001}" }}', "replies.a.text.en", "4000 at most"),
        ('[scripts.mail]\nen = "x"', "scripts.mail", "not known"),
        ('[scripts.orders]\nen = "{data.}"', "scripts.orders.en", "not known"),
        ("[script]", "script", "not a key"),
    ],
)
def test_mistakes_are_named(text: str, path: str, says: str) -> None:
    _, problems = read(text)
    assert [each[0] for each in problems] == [path]
    assert says in problems[0][1]
