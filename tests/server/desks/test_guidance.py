"""The site's guidance as the API shows it."""

from pathlib import Path

import config
from server.desks.guidance import guidance_of
from tests.server.bureau import bureau
from tests.server.sites import DEMO


def test_every_reply_and_script_of_the_site() -> None:
    site = config.load(DEMO)
    shown = guidance_of(site)
    assert shown.site == site.name
    assert [reply.name for reply in shown.replies] == list(site.replies)
    assert shown.replies[0].titles["zh-CN"] == "问候"
    assert shown.titles.queues["orders"] == {"en": "Orders", "zh-CN": "订单", "zh-TW": "訂單"}
    assert set(shown.titles.channels) == set(site.channels)
    assert shown.titles.channels["phone_line"]["zh-CN"] == "400 电话"
    assert shown.titles.words["after-sales"]["zh-TW"] == "售後"
    assert shown.titles.agents == {agent_id: one.display_name for agent_id, one in site.agents.items()}
    assert shown.titles.skills.keys() == site.skills.keys()
    assert shown.titles.teams.keys() == site.teams.keys()
    assert set(shown.scripts) == {"orders", "web_chat"}


async def test_files_that_are_read_again_are_shown_at_once(tmp_path: Path) -> None:
    async with bureau(tmp_path) as office:
        with (tmp_path / "site" / "guidance.toml").open("a", encoding="utf-8") as file:
            file.write('[scripts.expert_chat]\nen = "# Experts"\n[replies.new]\ntitle = "New"\ntext = { en = "new" }\n')
        status, done = await office.ask("ops9", "POST", "site/reload", {})
        assert (status, done["changes"]) == (
            200,
            {"replies": {"added": ["new"]}, "scripts": {"added": ["expert_chat"]}},
        )
        _, shown = await office.ask("agent1", "GET", "guidance")
        assert shown["scripts"]["expert_chat"] == {"en": "# Experts"}
        assert shown["replies"][-1]["name"] == "new"
