"""The files read again by a whole running node."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from config.problems import ConfigProblems
from records.audit import Audit
from records.webhooks import Deliveries
from router.events import AssignmentConnected, OfferAccepted, PresenceSet, WrapUpFinished
from router.vocabulary import Presence
from tests.server.bureau import PASSWORD, Bureau, bureau
from tests.waiting import until

NEW_QUEUE = '\n[returns]\ntitle = "Returns"\nmedium = "chat"\nteams = ["first_line"]\n'
NEW_AGENT = '\n[agents.late1]\ndisplay_name = "Late"\nteam = "first_line"\nstation = "sip"\nsip_user = "2990"\n'
HOOK = '[hooks.crm]\nurl = "http://127.0.0.1:9/"\nevents = ["work.queued"]\nsecret_env = "RELOAD_TEST_SECRET"\n'

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bureau]:
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("RELOAD_TEST_SECRET", "s")
        async with bureau(tmp_path_factory.mktemp("reload")) as office:
            yield office


def site_of(office: Bureau) -> Path:
    return office.node.settings.site


def append(office: Bureau, name: str, text: str) -> None:
    with (site_of(office) / name).open("a", encoding="utf-8") as file:
        file.write(text)


def without(office: Bureau, name: str, head: str) -> None:
    """Takes one table out of a file."""
    path = site_of(office) / name
    before, _, rest = path.read_text().partition(f"\n[{head}]\n")
    _, bracket, after = rest.partition("\n[")
    path.write_text(before + bracket + after)


async def cancel(office: Bureau, work_id: str) -> None:
    assert (await office.ask("ops9", "POST", f"work/{work_id}/cancel", {}))[0] == 204


async def reload(office: Bureau, **body: str) -> tuple[int, Any]:
    return await office.ask("ops9", "POST", "site/reload", body)


async def test_what_is_new_is_there_at_once(office: Bureau) -> None:
    node = office.node
    _, rules = await office.ask("ops9", "GET", "queues/first_chat/rules")
    edit = {"based_on": rules["version"], "priority": 7}
    assert (await office.ask("ops9", "PATCH", "queues/first_chat/rules", edit))[0] == 200
    append(office, "queues.toml", NEW_QUEUE)
    append(office, "agents.toml", NEW_AGENT)
    append(office, "reasons.toml", '\n[dispositions.sent_back]\ntitle = "Sent back"\n')
    append(office, "chats.toml", '\n[entries.returns]\nchannel = "web_chat"\nqueue = "returns"\n')
    (site_of(office) / "webhooks.toml").write_text(HOOK)
    status, done = await reload(office, comment="returns season")
    assert status == 200, done
    assert done["version"] != done["version_before"]
    assert done["changes"] == {
        "queues": {"added": ["returns"]},
        "agents": {"added": ["late1"]},
        "dispositions": {"added": ["sent_back"]},
        "chat_entries": {"added": ["returns"]},
        "hooks": {"added": ["crm"]},
    }
    policy = node.core.pump.dispatcher.policy
    assert policy.queues["returns"].teams == ("first_line",)
    assert policy.queues["first_chat"].priority == 7, "live edits stay on top"
    assert node.voice.reach.agent_of("2990") == "late1"
    assert node.voice.credentials.ha1("2990", "jackfield", "MD5") is not None
    assert await node.voice.sign_in.sign_in("late1", PASSWORD, 1) is not None
    assert "returns" in node.web.chats.conductor.site.entries
    assert "sent_back" in node.core.current.site.dispositions
    work = await office.submit("returns")
    await node.core.projection.drained()
    deliveries = Deliveries(node.storage.database)
    async with asyncio.timeout(30):
        while not (told := await deliveries.page(10)):
            await node.core.pump.drain()
    assert [each.kind for each in told] == ["work.queued"]
    entry = next(each for each in await Audit(node.storage.database).page(5) if each.action == "reload_site")
    assert (entry.by, entry.role, entry.comment) == ("ops9", "administrator", "returns season")
    assert (entry.before["version"], entry.after["version"]) == (done["version_before"], done["version"])
    assert entry.after["changes"] == done["changes"]
    assert (await reload(office))[1]["changes"] == {}
    await cancel(office, work["work_id"])


async def test_mistakes_change_nothing_and_are_all_told(office: Bureau) -> None:
    before, log = office.node.core.pump.dispatcher.policy.version, Audit(office.node.storage.database)
    newest = await log.page(1)
    append(office, "queues.toml", '\n[refunds]\ntitle = "Refunds"\nmedium = "chat"\nteams = ["frist_line"]\n')
    append(office, "chats.toml", '\n[entries.refunds]\nchannel = "web_chat"\nqueue = "orders"\n')
    status, wrong = await reload(office)
    assert status == 422
    assert [(each["file"], each["path"]) for each in wrong["mistakes"]] == [("queues.toml", "refunds.teams[0]")]
    assert wrong["mistakes"][0]["suggestion"] == 'did you mean "first_line"?'
    without(office, "queues.toml", "refunds")
    with pytest.raises(ConfigProblems, match=r"chats\.toml: entries\.refunds\.queue"):
        await office.node.web.site_desk._reloader.reload("somebody", "system")
    assert "error" in await office.node.web.site_desk.command()
    await office.node.web.site_desk.hang_up()
    assert office.node.core.pump.dispatcher.policy.version == before
    assert "refunds" not in office.node.core.current.site.queues
    assert await log.page(1) == newest
    without(office, "chats.toml", "entries.refunds")


async def test_a_queue_that_a_supervisor_closes_takes_nothing_until_it_goes_by_its_hours_again(office: Bureau) -> None:
    for opening, expected in (("closed", 422), (None, 201)):
        _, rules = await office.ask("super9", "GET", "queues/first_chat/rules")
        edit = {"based_on": rules["version"], "opening": opening, "comment": "a burst pipe"}
        status, rules = await office.ask("super9", "PATCH", "queues/first_chat/rules", edit)
        assert (status, rules["closed"]) == (200, opening == "closed"), rules
        work = {"medium": "chat", "queue": "first_chat", "channel": "shop"}
        status, answer = await office.ask("key:crm", "POST", "work", work)
        assert status == expected, answer
    await cancel(office, answer["work_id"])


async def test_a_queue_stays_while_a_call_may_be_led_to_it(office: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.reload.LEAVING_POLL_S", 0.01)
    node = office.node
    calls = node.voice.conductor._by_interaction
    calls["i1"] = None  # type: ignore[assignment]  # a call that is somewhere in its flow
    without(office, "queues.toml", "expert_chat")
    assert (await reload(office))[1]["changes"] == {"queues": {"removed": ["expert_chat"]}}
    assert "expert_chat" in node.core.pump.dispatcher.policy.queues
    del calls["i1"]
    await until(lambda: "expert_chat" not in node.core.pump.dispatcher.policy.queues, "the queue is gone")


async def test_an_agent_who_is_gone_finishes_and_may_come_back(office: Bureau) -> None:
    node = office.node
    pump = node.core.pump
    await office.token("super9")
    node.voice.reach.page("super9", up=True)
    node.voice.reach.leg("super9", up=True)
    await pump.post(PresenceSet("super9", Presence.READY), "test")
    path = site_of(office) / "agents.toml"
    agents = path.read_text().replace("[agents.super9]\n", "[agents.super9]\ncapacity = { chat = 2 }\n")
    path.write_text(agents)
    assert (await reload(office))[0] == 200
    held = await office.submit("first_chat")
    (row,) = [row for row in pump.dispatcher.reservations_of("super9") if row.work_id == held["work_id"]]
    await pump.post(OfferAccepted(row.reservation_id, "super9"), "test")
    await pump.post(AssignmentConnected(row.reservation_id), "test")

    without(office, "agents.toml", "agents.super9")
    assert (await reload(office))[0] == 200
    assert pump.dispatcher.reservation(row.reservation_id) is not None, "the conversation goes on"
    assert node.voice.desk.belongs("super9")
    assert node.core.current.agent("super9") is not None
    assert (await office.ask("super9", "GET", "me"))[0] == 200
    other = await office.submit("first_chat")
    assert pump.dispatcher.work(other["work_id"]) is not None
    assert len(pump.dispatcher.reservations_of("super9")) == 1, "nothing new is offered"
    assert await node.voice.desk.hang_up("super9", row.reservation_id) is None
    await pump.post(WrapUpFinished(row.reservation_id, "super9", None), "test")
    assert pump.dispatcher.agent("super9") is None
    assert not node.voice.desk.belongs("super9")
    assert (await office.ask("super9", "GET", "me"))[0] == 401

    path.write_text(agents)
    assert (await reload(office))[0] == 200
    back = pump.dispatcher.agent("super9")
    assert back is not None
    assert back.connected, "their page was there all the time"
