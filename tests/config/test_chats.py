"""chats.toml: the demo's, a site without one, and each mistake with its key and a suggestion."""

import shutil
from pathlib import Path

import pytest

import config
from config.chats import load_chats
from config.problems import ConfigProblems

DEMO = Path(__file__).parents[2] / "config" / "demo"

GOOD = """
[entries.web]
channel = "web_chat"
queue = "web_chat"
"""


def problems(folder: Path, text: str) -> list[tuple[str, str, str]]:
    (folder / "chats.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigProblems) as caught:
        load_chats(folder, config.load(DEMO))
    return [(each.path, each.message, each.suggestion) for each in caught.value.problems]


def test_the_demo_s_entry() -> None:
    chats = load_chats(DEMO, config.load(DEMO))
    web = chats.entries["web"]
    assert (web.channel, web.queue, dict(web.languages)) == ("web_chat", "web_chat", {"zh": (("mandarin", 1),)})
    assert chats.abandon_after_us == 120_000_000
    assert (web.hours, web.closed) == ("always", "message")
    assert [(dict(rule.signed), dict(rule.data), rule.priority, rule.requirements) for rule in web.rules] == [
        ({"tier": "gold"}, {}, 10, ()),
        ({}, {"topic": "complaint"}, 2, (("after_sales", 5),)),
    ]
    assert web.secret not in repr(chats)


def test_a_site_may_have_no_chats(tmp_path: Path) -> None:
    chats = load_chats(tmp_path, config.load(DEMO))
    assert dict(chats.entries) == {}
    assert (chats.open_chats_per_address, chats.text_chars) == (20, 4000)


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        (GOOD.replace('queue = "web_chat"', 'queue = "orders"'), "entries.web.queue", "not known"),
        (GOOD.replace('"web_chat"\nqueue', '"phone_line"\nqueue'), "entries.web.channel", "not known"),
        (GOOD + 'origins = ["https://a.example/"]', "entries.web.origins[0]", "no origin"),
        (GOOD + 'origins = ["a.example"]', "entries.web.origins[0]", "no origin"),
        (GOOD + 'secret = "short"', "entries.web.secret", "fewer than 16"),
        (GOOD + "languages = { zh = { mandarn = 1 } }", "entries.web.languages.zh.mandarn", "not known"),
        (GOOD + 'hours = "nights"', "entries.web.hours", "not known"),
        (GOOD + 'closed = "door"', "entries.web.closed", "not known"),
        (GOOD + "rules = [{ priority = 3 }]", "entries.web.rules[0]", "everybody"),
        (GOOD + 'rules = [{ data = { a = "b" } }]', "entries.web.rules[0]", "changes nothing"),
        (GOOD + "rules = [{ data = { a = 1 }, priority = 3 }]", "entries.web.rules[0].data.a", "a text"),
        (GOOD + "orgins = []", "entries.web.orgins", "not a key"),
        (GOOD + "[limits]\ntext_chars = 0", "limits.text_chars", "from 1 to 8000"),
        (GOOD + "[patience]\nabandon_s = 3", "patience.abandon_s", "not a key"),
        (GOOD + "[other]", "other", "not a key"),
        ("[entries", "", "not valid TOML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, path: str, says: str) -> None:
    found = problems(tmp_path, text)
    assert [each[0] for each in found] == [path]
    assert says in found[0][1]


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    shutil.copy(DEMO / "prompts" / "music" / "hold.wav", tmp_path / "chats.toml")
    with pytest.raises(ConfigProblems, match="cannot be read"):
        load_chats(tmp_path, config.load(DEMO))
