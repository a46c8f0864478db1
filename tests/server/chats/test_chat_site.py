"""Chats as the site's files say."""

from pathlib import Path

import pytest

import config
from config.chats import load_chats
from router.vocabulary import Requirement
from server.chats.chat_site import chat_site
from server.current import CurrentSite

DEMO = Path(__file__).parents[3] / "config" / "demo"


@pytest.mark.parametrize(("serve_demo", "secret"), [(True, "demo-widget-secret"), (False, "")])
def test_the_demo_s_public_secret_proves_nobody_off_loopback(serve_demo: bool, secret: str) -> None:
    site = config.load(DEMO)
    made = chat_site(CurrentSite(site), load_chats(DEMO, site), "n1#1", lambda: "id", serve_demo=serve_demo)
    entry = made.entries["web"]
    assert (entry.secret, entry.demands("zh-CN")) == (secret, (Requirement("mandarin", 1),))
    assert (made.agent_name("agent1"), made.agent_name("gone")) == ("Demo agent 1", "")
    assert made.patience.abandon == 120_000_000
