"""Every kind of mistake in a site's files is found: its file, its key, and what to do about it."""

import shutil
import wave
from pathlib import Path

import pytest

import config
from config.problems import ConfigProblem
from router.policy import Exit
from tests.config.conftest import DEMO


def problems_of(site: Path) -> tuple[ConfigProblem, ...]:
    with pytest.raises(config.ConfigProblems) as caught:
        config.load(site)
    return caught.value.problems


# name: file, text in it, what it becomes, then the expected key, part of the message, part of the suggestion
MISTAKES: dict[str, tuple[str, str, str, str, str, str]] = {
    "no name": ("site.toml", 'name = "Jackfield demo"', "", "name", "is missing", ""),
    "time zone": ("site.toml", "Asia/Shanghai", "Asia/Shanghei", "time_zone", "not a time zone", "IANA"),
    "no language": ("site.toml", '["en", "zh"]', "[]", "languages", "names no language", "languages ="),
    "entry flow": ("site.toml", 'flow = "main"', 'flow = "mian"', "entries.4000.flow", "not known", '"main"'),
    "entry channel": ("site.toml", '"phone_line"', '"phone"', "entries.4000.channel", "not known", '"phone_line"'),
    "entry channel of chats": (
        "site.toml",
        '"phone_line"',
        '"web_chat"',
        "entries.4000.channel",
        "not known",
        "phone_line",
    ),
    "look-up URL": (
        "site.toml",
        "http://127.0.0.1",
        "ftp://127.0.0.1",
        "lookups.orders.url",
        "not the http",
        "https://",
    ),
    "look-up query": ("site.toml", "/orders", "/orders?a=b", "lookups.orders.url", "not the http", "https://"),
    "look-up port": ("site.toml", ":8090", ":80900", "lookups.orders.url", "not the http", "https://"),
    "look-up size": ("site.toml", "max_kb = 16", "max_kb = 0", "lookups.orders.max_kb", "from 1 to 1024", ""),
    "look-up token": (
        "site.toml",
        "max_kb = 16",
        'token_variable = "JACKFIELD_X"',
        "lookups.orders.token_variable",
        "is for settings",
        "another name",
    ),
    "look-up of a flow": (
        "flows/services.toml",
        'service = "orders"',
        'service = "order"',
        "nodes.order-state.service",
        "not known",
        '"orders"',
    ),
    "shared holidays": (
        "calendars.toml",
        'holidays_of = "phone_hours"',
        'holidays_of = "phone_hour"',
        "office_hours.holidays_of",
        "not known",
        '"phone_hours"',
    ),
    "entry key": ("site.toml", "flow =", "flows =", "entries.4000.flows", "not a key", '"flow"'),
    "site key": ("site.toml", "languages =", "language =", "language", "not a key", '"languages"'),
    "skill title": (
        "skills.toml",
        'title = { en = "English", zh-CN = "英语", zh-TW = "英語" }',
        "",
        "english.title",
        "is missing",
        "",
    ),
    "a title in a language": (
        "skills.toml",
        'en = "English"',
        'de = "e"',
        "english.title.de",
        "not a key",
        "known: en",
    ),
    "team title": (
        "teams.toml",
        'title = { en = "First line"',
        'titel = { en = "First line"',
        "first_line.titel",
        "not a key",
        '"title"',
    ),
    "reason title": (
        "reasons.toml",
        '{ title = { en = "Meeting", zh-CN = "会议", zh-TW = "會議" } }',
        '"Meeting"',
        "not_ready.meeting",
        "is a text",
        "",
    ),
    "reason limit": ("reasons.toml", "limit_s = 900", "limit_s = -1", "not_ready.short_break.limit_s", "", ""),
    "alert backlog": ("site.toml", "backlog = 50", "backlog = 0", "alerts.backlog", "", ""),
    "alert key": ("site.toml", "not_ready_s =", "notready_s =", "alerts.notready_s", "not a key", '"not_ready_s"'),
    "reason table": ("reasons.toml", "[not_ready]", "[notready]", "notready", "not a key", '"not_ready"'),
    "calling back without a trunk": (
        "queues.toml",
        "[orders]",
        '[orders]\nwhen_node_lost = "call_back"',
        "orders.when_node_lost",
        "needs a trunk",
        "calls.toml",
    ),
    "queue medium": ("queues.toml", 'medium = "voice"', 'medium = "phone"', "orders.medium", "not known", "voice"),
    "queue skill": (
        "queues.toml",
        "{ orders = 1 }",
        "{ order = 1 }",
        "orders.requirements.order",
        "not known",
        '"orders"',
    ),
    "queue level": (
        "queues.toml",
        "{ orders = 1 }",
        "{ orders = 0 }",
        "orders.requirements.orders",
        "from 1 to 10",
        "",
    ),
    "queue strategy": (
        "queues.toml",
        '"best_proficiency"',
        '"best_skill"',
        "orders.strategy",
        "not known",
        "longest_idle",
    ),
    "queue offer": (
        "queues.toml",
        "offer_timeout_s = 20",
        "offer_timeout_s = 0",
        "orders.offer_timeout_s",
        "from 1",
        "",
    ),
    "queue team": ("queues.toml", "priority = 10", 'teams = ["first"]', "orders.teams[0]", "not known", '"first_line"'),
    "queue disposition": ("queues.toml", '"resolved"', '"solved"', "orders.dispositions[0]", "not known", '"resolved"'),
    "queue music": ("queues.toml", '"music/hold"', '"music/held"', "orders.music", "no prompt", '"music/hold"'),
    "queue welcome": (
        "queues.toml",
        '"please-hold"',
        '"pleasehold"',
        "orders.welcome[1]",
        "no prompt",
        '"en/please-hold"',
    ),
    "queue target": (
        "queues.toml",
        "fraction = 0.9",
        "fraction = 90",
        "orders.service_level.fraction",
        "from 0 to 1",
        "",
    ),
    "queue target key": (
        "queues.toml",
        "threshold_s = 10",
        "treshold_s = 10",
        "orders.service_level.treshold_s",
        "not a key",
        '"threshold_s"',
    ),
    "agent team": ("agents.toml", '"first_line"', '"firstline"', "agents.agent1.team", "not known", '"first_line"'),
    "agent role": ("agents.toml", 'role = "agent"', 'role = "agnet"', "agents.agent1.role", "not known", '"agent"'),
    "agent skill": (
        "agents.toml",
        "english = 8",
        "englisch = 8",
        "agents.agent1.skills.englisch",
        "not known",
        '"english"',
    ),
    "agent level": ("agents.toml", "english = 8", "english = 11", "agents.agent1.skills.english", "from 1 to 10", ""),
    "agent capacity": ("agents.toml", "chat = 3", "chats = 3", "agents.agent1.capacity.chats", "not a key", '"chat"'),
    "agent station": ("agents.toml", '"webrtc"', '"browser"', "agents.agent1.station", "not known", "webrtc"),
    "agent phone": ("agents.toml", 'sip_user = "2001"', "", "agents.agent5.sip_user", "is missing", "sip_user ="),
    "agent phone twice": ("agents.toml", '"2002"', '"2001"', "agents.agent6.sip_user", "taken by agents.agent5", "own"),
    "agent phone is an entry": (
        "agents.toml",
        '"2001"',
        '"4000"',
        "agents.agent5.sip_user",
        "taken by entries.4000 of site.toml",
        "own number",
    ),
    "demo password": ("agents.toml", '"demo-jackfield"', '"secret"', "demo.password", 'begin with "demo-"', "never"),
    "calendar range": (
        "calendars.toml",
        '"08:00-22:00"',
        '"8-22"',
        "phone_hours.daily[0]",
        "not a range of hours",
        '"08:00-22:00"',
    ),
    "calendar order": (
        "calendars.toml",
        '"08:00-22:00"',
        '"22:00-08:00"',
        "phone_hours.daily[0]",
        "ends before it begins",
        "two ranges",
    ),
    "calendar time": (
        "calendars.toml",
        '"08:00-22:00"',
        '"08:00-24:30"',
        "phone_hours.daily[0]",
        "not a time of day",
        "24:00",
    ),
    "calendar holiday": (
        "calendars.toml",
        "2027-01-01 = []",
        "2026-13-01 = []",
        "office_hours.holidays.2026-13-01",
        "not a date",
        "2026-10-01",
    ),
    "calendar empty": (
        "calendars.toml",
        'daily = ["00:00-24:00"]',
        "",
        "always",
        "no opening hours",
        "daily",
    ),
    "calendar zone": (
        "calendars.toml",
        'title = "Phone line"',
        'time_zone = "Mars/Base"',
        "phone_hours.time_zone",
        "not a time zone",
        "IANA",
    ),
    "calendar day": ("calendars.toml", "workdays =", "workday =", "office_hours.workday", "not a key", '"workdays"'),
    "channel medium": (
        "channels.toml",
        'medium = "email"',
        'medium = "e-mail"',
        "email.medium",
        "not known",
        '"email"',
    ),
    "channel hours": ("channels.toml", '"phone_hours"', '"phone"', "phone_line.hours", "not known", '"phone_hours"'),
    "channel owner": ("channels.toml", '"second_line"', '"second"', "email.owner", "not known", '"second_line"'),
    "channel volume": ("channels.toml", "daily_volume = 200", "", "phone_line.daily_volume", "is missing", ""),
    "flow queue": (
        "flows/main.toml",
        'queue = "orders"',
        'queue = "order"',
        "nodes.to-orders.queue",
        "not known",
        '"orders"',
    ),
    "flow target": ("flows/main.toml", 'next = "main"', 'next = "mian"', "nodes.greeting.next", "no node", '"main"'),
    "flow prompt": (
        "flows/main.toml",
        'prompts = ["pickup"]',
        'prompts = ["pick-up"]',
        "nodes.pickup.prompts[0]",
        "missing in the language",
        '"pickup"',
    ),
    "long name": (
        "teams.toml",
        "[",
        f"[{'t' * 65}]\ntitle = 'x'\n[",
        "t" * 65,
        "more than 64 characters",
        "shorter",
    ),
    "broken TOML": ("queues.toml", "title = { en", "title = Orders { en", "", "not valid TOML", "quotes"),
    "broken flow": ("flows/main.toml", 'start = "open"', "start = ", "", "not valid TOML", "quotes"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found_in_its_file_at_its_key(site_copy: Path, name: str) -> None:
    file, old, new, path, message, suggestion = MISTAKES[name]
    text = (site_copy / file).read_text(encoding="utf-8")
    assert old in text
    (site_copy / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    problems = problems_of(site_copy)
    found = [each for each in problems if (each.file, each.path) == (file, path) and message in each.message]
    assert found, "\n".join(map(str, problems))
    assert suggestion in found[0].suggestion


@pytest.mark.parametrize("file", ["site.toml", "skills.toml", "queues.toml", "agents.toml", "calendars.toml"])
def test_a_missing_file_is_named(site_copy: Path, file: str) -> None:
    (site_copy / file).unlink()
    found = [problem for problem in problems_of(site_copy) if problem.file == file]
    assert found[0].message == "the file is missing"
    assert found[0].suggestion == f"create {site_copy / file}"


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    files = {problem.file for problem in problems_of(tmp_path / "nowhere")}
    assert {"site.toml", "queues.toml", "agents.toml", "flows"} <= files


def test_a_file_that_is_not_text(site_copy: Path) -> None:
    (site_copy / "teams.toml").write_bytes(b'[a]\ntitle = "\xff"\n')
    assert any(
        "cannot be read" in problem.message for problem in problems_of(site_copy) if problem.file == "teams.toml"
    )


def test_no_flow_at_all(site_copy: Path) -> None:
    shutil.rmtree(site_copy / "flows")
    found = [problem for problem in problems_of(site_copy) if problem.file == "flows"]
    assert found[0].suggestion == "add flows/main.toml"


def test_prompts_that_the_engine_cannot_play(site_copy: Path) -> None:
    (site_copy / "prompts").unlink()
    shutil.copytree(DEMO / "prompts", site_copy / "prompts")
    with wave.open(str(site_copy / "prompts/en/welcome.wav"), "wb") as sound:
        sound.setparams((2, 2, 44100, 0, "NONE", ""))
        sound.writeframes(bytes(400))
    with wave.open(str(site_copy / "prompts/en/goodbye.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
    (site_copy / "prompts/en/closed.wav").write_bytes(b"no sound")
    found = {problem.file: problem for problem in problems_of(site_copy)}
    assert found["prompts/en/welcome.wav"].message == "is 44100 Hz with 2 channels and 16 bit"
    assert "8 kHz, mono, 16 bit" in found["prompts/en/welcome.wav"].suggestion
    assert found["prompts/en/goodbye.wav"].message == "is empty"
    assert "not a WAV file" in found["prompts/en/closed.wav"].message


def test_place_announcements_need_the_numbers(site_copy: Path) -> None:
    (site_copy / "prompts").unlink()
    shutil.copytree(DEMO / "prompts", site_copy / "prompts")
    (site_copy / "prompts/zh/number-10.wav").unlink()
    problems = problems_of(site_copy)
    assert {problem.path for problem in problems} == {
        f"{queue}.announce_place_every_s" for queue in ("orders", "after_sales", "operator")
    }
    assert "zh/number-10" in problems[0].message
    text = (site_copy / "queues.toml").read_text(encoding="utf-8")
    (site_copy / "queues.toml").write_text(text.replace("announce_place_every_s = 30", ""), encoding="utf-8")
    config.load(site_copy)


def test_a_caller_cannot_be_sent_to_a_queue_of_chats(site_copy: Path) -> None:
    text = (site_copy / "queues.toml").read_text(encoding="utf-8")
    (site_copy / "queues.toml").write_text(text.replace('medium = "voice"', 'medium = "chat"', 1), encoding="utf-8")
    problem, *others = problems_of(site_copy)
    assert (problem.file, problem.path) == ("flows/main.toml", "nodes.to-orders.queue")
    assert problem.suggestion == "known: after_sales, operator"
    assert {(other.file, other.path) for other in others} == {
        ("flows/services.toml", f"nodes.{node}.queue") for node in ("call-back", "leave-message", "to-orders")
    }


def test_all_files_are_judged_in_one_go(site_copy: Path) -> None:
    for name in ("queue medium", "agent team", "flow target", "channel owner"):
        file, old, new, *_ = MISTAKES[name]
        text = (site_copy / file).read_text(encoding="utf-8")
        (site_copy / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    files = {problem.file for problem in problems_of(site_copy)}
    assert files == {"queues.toml", "agents.toml", "channels.toml", "flows/main.toml"}


def test_a_queue_may_overflow_to_one_of_another_shard(site_copy: Path) -> None:
    (site_copy / "routing.toml").write_text('[elsewhere.far]\nshard = "south"\nmedium = "chat"\n')
    queues = site_copy / "queues.toml"
    text = queues.read_text(encoding="utf-8")
    way = 'opening = "closed"\nwhen_closed = { queue = "far" }'
    queues.write_text(text.replace("[web_chat]", f"[web_chat]\n{way}"), encoding="utf-8")
    assert config.load(site_copy).queues["web_chat"].when_closed == Exit(queue="far")
    (site_copy / "routing.toml").write_text('[elsewhere.far]\nshard = "south"\nmedium = "email"\n')
    assert [problem.path for problem in problems_of(site_copy)] == ["web_chat.when_closed.queue"]
    (site_copy / "routing.toml").write_text('[elsewhere.web_chat]\nshard = "south"\nmedium = "chat"\n')
    found = {(problem.file, problem.path) for problem in problems_of(site_copy)}
    assert ("routing.toml", "elsewhere.web_chat") in found
