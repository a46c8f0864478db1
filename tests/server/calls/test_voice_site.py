"""The site as calls see it."""

from dataclasses import replace

import config
from config.recordings import RecordingConfig
from server.calls.voice_site import voice_site
from server.current import CurrentSite
from tests.server.sites import DEMO, FLOW, ORDERS, SECOND, agent, small_site
from voice.recording import RecordingRule
from voice.waiting import WaitPlan


def test_entries_waits_phones_and_hours() -> None:
    site = small_site({"anna": agent("anna"), "ben": agent("ben", station="sip", sip_user="2001")})
    voice = voice_site(CurrentSite(site), "n1.3", lambda: "id")
    assert voice.entries["400"].flow is FLOW
    assert voice.entries["400"].channel == "line"
    assert voice.waits["orders"] == WaitPlan(
        music="music/hold", welcome=(), announce_every=30 * SECOND, lost_agent_grace=30 * SECOND
    )
    assert [voice.phone_of(one) for one in ("anna", "ben", "nobody")] == [None, "2001", None]
    assert (voice.node, voice.new_id()) == ("n1.3", "id")
    assert voice.ivr.is_open("always", 0)


def test_an_agent_with_a_browser_keeps_it_even_with_a_phone_number() -> None:
    site = small_site({"anna": agent("anna", sip_user="2001")})
    assert voice_site(CurrentSite(site), "n", lambda: "id").phone_of("anna") is None


def test_the_demo_site() -> None:
    voice = voice_site(CurrentSite(config.load(DEMO)), "n", lambda: "id")
    assert set(voice.entries) == {"4000", "400", "4001"}
    assert voice.phone_of("agent1") is None


def test_a_queues_rule_of_recording() -> None:
    files = RecordingConfig(
        "consent", ("question",), "5", 4 * SECOND, ("programs",), 30 * SECOND, keep_days=7, share=20
    )
    recorded = voice_site(CurrentSite(small_site(queue=replace(ORDERS, recording=files))), "n", lambda: "id")
    assert recorded.recordings == {
        "orders": RecordingRule(
            "consent",
            ("question",),
            "5",
            4 * SECOND,
            agents_pause=False,
            programs_pause=True,
            longest_pause_us=30 * SECOND,
            share=20,
        )
    }
    assert voice_site(CurrentSite(small_site()), "n", lambda: "id").recordings == {}
