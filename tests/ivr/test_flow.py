"""What a node leads to and says."""

import pytest

from ivr.flow import links, spoken
from tests.ivr.build import parsed, raw


def test_links_tell_which_ways_need_a_key() -> None:
    nodes = parsed(raw()).nodes
    assert list(links(nodes["hours"])) == [("open", "menu", False), ("closed", "closed", False)]
    menu = list(links(nodes["menu"]))
    assert ("choices.1.next", "number", True) in menu
    assert menu[-1] == ("fallback", "operator", False)
    assert list(links(nodes["number"])) == [("next", "queue", True), ("fallback", "operator", False)]
    assert list(links(nodes["queue"])) == []


def test_spoken_names_every_prompt_with_its_key() -> None:
    nodes = parsed(raw()).nodes
    assert list(spoken(nodes["menu"])) == [
        ("prompts[0]", "menu"),
        ("no_input.prompts[0]", "again"),
        ("no_match.prompts[0]", "wrong"),
    ]
    assert list(spoken(nodes["queue"])) == []


@pytest.mark.parametrize(
    ("locale", "language"),
    [("zh", "zh"), ("zh-CN", "zh"), ("ZH-hant-TW", "zh"), ("en-GB", "en"), ("fr", "en"), ("", "en"), ("zha", "en")],
)
def test_a_caller_is_spoken_to_in_their_language_if_the_flow_has_it(locale: str, language: str) -> None:
    flow = parsed(raw())
    assert flow.languages == ("en", "zh")
    assert flow.spoken_to(locale) == language
