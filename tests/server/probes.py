"""One probe for each action of the role table: does it as a caller, and says whether that was let through."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp

from records.accounts import Role
from records.customers import Customers
from records.recordings import EndedRecording, NewRecording
from records.roles import Action
from router.alerts import AlertKind, Reading
from tests.server.bureau import Bureau
from voice.party import PartyKind, PartyState, PartyView

WHO = {
    Role.AGENT: "agent1",
    Role.EXPERT: "expert9",
    Role.SUPERVISOR: "super9",
    Role.ADMINISTRATOR: "ops9",
    Role.API: "key:crm",
    Role.WALLBOARD: "wall:first_line",
}
INSIDE, OUTSIDE = {"agent": "agent2", "queue": "first_chat"}, {"agent": "agent4", "queue": "expert_chat"}
Probe = Callable[[Bureau, str, dict[str, str]], Awaitable[bool | None]]


async def reached(office: Bureau, who: str, method: str, path: str, body: Any = None) -> bool | None:
    """True: done; False: there is nothing like it for this caller; None: the role may not do it."""
    status, answer = await office.ask(who, method, path, body)
    assert status in (200, 201, 204, 403, 404), (who, method, path, status, answer)
    return None if status == 403 else status != 404


async def listed(office: Bureau, who: str, path: str, key: str, name: str, wanted: str) -> bool | None:
    status, answer = await office.ask(who, "GET", path)
    assert status in (200, 403)
    return None if status == 403 else wanted in [item[name] for item in answer[key]]


async def spoken(office: Bureau, who: str, path: str) -> bool | None:
    """Whether a WebSocket takes this caller's hello."""
    url = f"{office.base.replace('http', 'ws')}{path}"
    async with office.session.ws_connect(url) as socket:
        await socket.send_str(json.dumps({"type": "hello", "token": await office.token(who)}))
        first = await socket.receive(timeout=10)
        return True if first.type is aiohttp.WSMsgType.TEXT and '"bye"' not in first.data else None


async def see_queues(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    return await listed(office, who, "queues", "queues", "queue", target["queue"])


async def see_agents(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    seen = await listed(office, who, "agents", "agents", "agent_id", target["agent"])
    assert seen == await reached(office, who, "GET", f"agents/{target['agent']}/explanation")
    return seen


async def see_interactions(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    one = await reached(office, who, "GET", f"interactions/{target['interaction_id']}")
    many = await listed(office, who, "interactions", "items", "id", target["interaction_id"])
    assert one == many
    return one


async def see_customers(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    return await reached(office, who, "GET", f"customers/{target['customer']}/timeline")


async def write_notes(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    path = f"interactions/{target['interaction_id']}/notes"
    done = await reached(office, who, "POST", path, {"text": f"by {who}"})
    _, listed_now = await office.ask("ops9", "GET", path)
    assert (f"by {who}" in [note["text"] for note in listed_now["notes"]]) == bool(done)
    return done


async def edit_customers(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    body = {"value": "Dutch"}
    done = await reached(office, who, "PUT", f"customers/{target['customer']}/attributes/language", body)
    seen = await office.ask("ops9", "GET", f"customers/{target['customer']}")
    assert bool(seen[1]["attributes"]) or not done
    return done


async def merge_customers(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    other = await Customers(office.node.storage.database).identify("visitor", f"other of {who}", False, 1)
    body = {"customer_id": other}
    done = await reached(office, who, "POST", f"customers/{target['customer']}/merge", body)
    if not done:
        assert (await office.ask("ops9", "POST", f"customers/{target['customer']}/merge", body))[0] == 200
    assert done == await reached(office, who, "POST", f"customers/{target['customer']}/unmerge", body)
    if not done:
        assert (await office.ask("ops9", "POST", f"customers/{target['customer']}/unmerge", body))[0] == 200
    return done


async def see_work(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    over_http = await listed(office, who, f"work?queue={target['queue']}", "work", "queue", target["queue"])
    assert over_http == await reached(office, who, "GET", f"work/{target['work_id']}/explanation")
    if not who.startswith("wall:"):  # what a wallboard is told there is another cell
        assert (await spoken(office, who, "/api/v1/board/ws") is None) == (over_http is None)
    return over_http


async def see_rules(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    agent = await reached(office, who, "GET", f"agents/{target['agent']}/rules")
    assert agent == await reached(office, who, "GET", f"queues/{target['queue']}/rules")
    return agent


async def set_presence(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    return await reached(office, who, "POST", f"agents/{target['agent']}/presence", {"presence": "offline"})


async def set_agent_rules(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    _, rules = await office.ask("ops9", "GET", f"agents/{target['agent']}/rules")
    body = {"based_on": rules["version"], "skills": {"english": 4}}
    done = await reached(office, who, "PUT", f"agents/{target['agent']}/skills", body)
    _, rules = await office.ask("ops9", "GET", f"agents/{target['agent']}/rules")
    again = {"based_on": rules["version"], "capacity": {"chat": 2}}
    assert done == await reached(office, who, "PATCH", f"agents/{target['agent']}/rules", again)
    return done


async def set_queue_rules(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    _, rules = await office.ask("ops9", "GET", f"queues/{target['queue']}/rules")
    body = {"based_on": rules["version"], "priority": 3}
    return await reached(office, who, "PATCH", f"queues/{target['queue']}/rules", body)


async def try_changes(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    agent = await tried(office, who, {"agents": [{"agent_id": target["agent"], "capacity": {"chat": 2}}]})
    assert agent == await tried(office, who, {"queues": [{"queue": target["queue"], "priority": 3}]})
    return agent


async def tried(office: Bureau, who: str, draft: Any) -> bool | None:
    """As `reached`, of an answer that goes on for half a minute; others' are over soon after they are closed."""
    headers = {"Authorization": f"Bearer {await office.token(who)}"}
    while True:
        async with office.session.post(f"{office.base}/api/v1/what-if", json=draft, headers=headers) as answer:
            if answer.status != 503:
                return {200: True, 404: False, 403: None}[answer.status]
        await asyncio.sleep(0.05)


async def steer_work(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    done = await reached(office, who, "POST", f"work/{target['work_id']}/direct", {"agent_id": None})
    assert done == await reached(office, who, "POST", f"work/{target['work_id']}/pull-back", {})
    move = {"queue": target["queue"]}
    assert done == await reached(office, who, "POST", f"work/{target['work_id']}/move", move)
    return done


async def cancel_work(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    submitter = "key:shop" if target is OUTSIDE or "api" not in target else "key:crm"
    work = await office.submit(target["queue"], submitter)
    return await reached(office, who, "POST", f"work/{work['work_id']}/cancel", {})


async def listen(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    with spoken_by(office, target["agent"]) as call:
        seen = await listed(office, who, "calls", "calls", "interaction_id", call)
        # Nobody of them has a leg to listen with, and the call is only shown, not there: in reach is as far as it goes.
        status, _ = await office.ask(who, "PUT", f"calls/{call}/listener", {"mode": "whisper"})
        assert status == {True: 409, False: 404, None: 403}[seen]
        status, _ = await office.ask(who, "DELETE", f"calls/{call}/listener")
        assert status == {True: 409, False: 404, None: 403}[seen]
    return seen


async def take_over(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    with spoken_by(office, target["agent"]) as call:
        status, _ = await office.ask(who, "POST", f"calls/{call}/take-over", {})
    return {409: True, 404: False, 403: None}[status]


async def recorded(office: Bureau, target: dict[str, str]) -> str:
    """A call of this agent and queue with a recording; the interaction."""
    voice, interaction = office.node.voice, f"recorded-{secrets.token_hex(4)}"
    voice.recordings_dir.mkdir(exist_ok=True)
    (voice.recordings_dir / f"{interaction}.ogg").write_bytes(b"OggS")
    new = NewRecording(
        interaction_id=interaction,
        work_id="w",
        queue=target["queue"],
        node="n",
        told="nothing",
        file=f"{interaction}.ogg",
        began_at=1,
        keep_days=0,
    )
    ended = EndedRecording(state="complete", ended_at=2, agents=(target["agent"],))
    await voice.recordings.end(await voice.recordings.begin(new), ended)
    return interaction


async def hear_recordings(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    path = f"interactions/{await recorded(office, target)}/recording"
    seen = await reached(office, who, "GET", path)
    assert seen == await reached(office, who, "POST", f"{path}/listening")
    return seen


async def pause_recordings(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    with spoken_by(office, target["agent"]) as call:
        # The call is only shown, so there is nothing to pause: in reach is as far as it goes.
        status, _ = await office.ask(who, "PUT", f"calls/{call}/recording-pause", {"on": True})
    return {409: True, 404: False, 403: None}[status]


async def delete_recordings(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    return await reached(office, who, "DELETE", f"interactions/{await recorded(office, target)}/recording")


@contextmanager
def spoken_by(office: Bureau, agent: str) -> Iterator[str]:
    """A call, as the pages are shown it, in which this agent is."""
    call = f"call-of-{agent}"
    office.node.voice.desk.parties(call, [PartyView("w", PartyKind.AGENT, PartyState.HERE, agent)])
    try:
        yield call
    finally:
        office.node.voice.desk.parties(call, [])


async def see_targets(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    return await listed(office, who, "transfer-targets", "agents", "agent_id", target["agent"])


async def see_guidance(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    return await reached(office, who, "GET", "guidance")


async def submit_work(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    return await reached(office, who, "POST", "work", {"medium": "chat", "queue": target["queue"], "channel": "shop"})


async def left_by_a_caller(office: Bureau, target: dict[str, str]) -> int:
    file = f"{target['queue']}.wav"
    folder = office.node.settings.data_dir / "messages"
    folder.mkdir(exist_ok=True)
    (folder / file).write_bytes(b"RIFF")
    return await office.node.voice.follow_ups.voicemail(
        target["interaction_id"], target["queue"], "1", "en", (), 1, file=file, duration_us=1
    )


async def see_follow_ups(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    this = await left_by_a_caller(office, target)
    seen = await listed(office, who, "follow-ups?limit=500", "items", "queue", target["queue"])
    headers = {"Authorization": f"Bearer {await office.token(who)}"}
    url = f"{office.base}/api/v1/follow-ups/{this}/recording"
    async with office.session.get(url, headers=headers) as answer:
        assert answer.status == {True: 200, False: 404, None: 403}[seen]
    return seen


async def finish_follow_ups(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    return await reached(office, who, "POST", f"follow-ups/{await left_by_a_caller(office, target)}/done")


async def see_audit(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    return await listed(office, who, "audit?limit=200", "items", "subject", f"work:{target['work_id']}")


async def see_statistics(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    """Everybody who is covered was counted: the probes before this set their presence."""
    queue = await listed(office, who, "statistics?by=queue", "rows", "name", target["queue"])
    if who.startswith(("agent", "expert")):
        assert queue is False  # own figures only
    return await listed(office, who, "statistics?by=agent", "rows", "name", target["agent"]) if queue is None else queue


async def raised(office: Bureau, target: dict[str, str]) -> int:
    """The alert about this queue; one long wait raises it."""
    desk = office.node.core.management.alerts
    key = (AlertKind.BREACH, "queue", target["queue"])
    now = office.node.core.pump.now()
    desk._alerts.step({**dict(desk._readings()), key: Reading(True, False, {"over": 1})}, now)
    (found,) = [alert for alert in desk._alerts.open.values() if alert.key == key]
    desk._unsaved[found.id] = found
    await desk._save()
    return found.id


async def see_alerts(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    await raised(office, target)
    return await listed(office, who, "alerts?state=open", "items", "subject", target["queue"])


async def acknowledge_alerts(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    status, _ = await office.ask(who, "POST", f"alerts/{await raised(office, target)}/acknowledge")
    return {200: True, 409: True, 404: False, 403: None}[status]


async def apply_plans(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    _, plans = await office.ask("ops9", "GET", "plans")
    row = {f"queue:{target['queue']}": {"priority": 5}}
    many = await reached(office, who, "POST", "rules", {"based_on": plans["version"], "rows": row})
    _, plans = await office.ask("ops9", "GET", "plans")
    body = {"based_on": plans["version"], "title": {"en": "Peak"}, "rows": row}
    name = f"peak_{target['queue']}"
    assert (await office.ask("ops9", "PUT", f"plans/{name}", body))[0] == 200
    saved = await reached(office, who, "PUT", f"plans/{name}", body | {"based_on": plans["version"] + 1})
    _, plans = await office.ask("ops9", "GET", "plans")
    applied = await reached(office, who, "POST", f"plans/{name}/apply", {"based_on": plans["version"]})
    await office.ask("ops9", "POST", f"plans/{name}/apply", {"based_on": plans["version"]})
    reverted = await reached(office, who, "POST", f"plans/{name}/revert", {})
    await office.ask("ops9", "POST", f"plans/{name}/revert", {})
    assert many == saved == applied == reverted
    return many


async def undo(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    _, rules = await office.ask("ops9", "GET", f"queues/{target['queue']}/rules")
    body = {"based_on": rules["version"], "priority": rules["version"] % 90}
    assert (await office.ask("ops9", "PATCH", f"queues/{target['queue']}/rules", body))[0] == 200
    _, log = await office.ask("ops9", "GET", "audit?limit=1")
    return await reached(office, who, "POST", f"audit/{log['items'][0]['id']}/undo", {})


async def see_deliveries(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    return await reached(office, who, "GET", "webhooks/deliveries")


async def reload_site(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    return await reached(office, who, "POST", "site/reload", {})


async def see_nodes(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    return await reached(office, who, "GET", "nodes")


async def drain_nodes(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    # 404: they may, and there is no such node; this one has to go on.
    return {404: True, 403: None}[(await office.ask(who, "POST", "nodes/nobody/drain", {}))[0]]


async def keep_session(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    return await reached(office, who, "GET", "me")


async def keep_replies(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    body = {"title": "Own", "text": f"by {who}"}
    done = await reached(office, who, "PUT", "own-replies/own", body)
    assert done == await listed(office, who, "own-replies", "items", "text", f"by {who}")
    assert done == await reached(office, who, "DELETE", "own-replies/own")
    return done


async def take_work(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    return await spoken(office, who, "/api/v1/agents/ws")


async def assign_follow_ups(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    body = {"agent_id": target["agent"], "was": None}
    return await reached(office, who, "POST", f"follow-ups/{await left_by_a_caller(office, target)}/take", body)


async def manage_wallboards(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    status, _ = await office.ask(who, "POST", "wallboards", {"name": "Hall", "queues": [target["queue"]]})
    name = f"{who} {target['queue']}"
    _, others = await office.ask("ops9", "POST", "wallboards", {"name": name, "queues": [target["queue"]]})
    path = f"wallboards/{others['wallboard']['id']}"
    done = {201: True, 404: False, 403: None}[status]
    assert done == await listed(office, who, "wallboards", "items", "name", name)
    assert done == await reached(office, who, "PATCH", path, {"name": "Another"})
    assert done == await reached(office, who, "DELETE", path)
    return done


async def see_wallboard(office: Bureau, who: str, target: dict[str, str]) -> bool | None:
    async with office.session.ws_connect(f"{office.base.replace('http', 'ws')}/api/v1/board/ws") as socket:
        await socket.send_str(json.dumps({"type": "hello", "token": await office.token(who)}))
        async for message in socket:
            told = json.loads(message.data)
            if told["type"] == "wall":
                return target["queue"] in [one["queue"] for one in told["queues"]]
            if told["type"] == "snapshot":
                break
    return None


PROBES: dict[Action, Probe] = {action: globals()[action.value] for action in Action}
# What cannot be somebody else's: asked once, whoever's team it is.
WITHOUT_TARGET = {
    Action.KEEP_SESSION,
    Action.TAKE_WORK,
    Action.SUBMIT_WORK,
    Action.SEE_DELIVERIES,
    Action.RELOAD_SITE,
    Action.KEEP_REPLIES,
}
