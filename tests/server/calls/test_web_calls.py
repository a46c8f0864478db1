"""Web callers on a real site: which entries browsers may call, and by which names agents go."""

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import config
from server.calls.web_calls import _emergencies, names_of, web_call_endpoint
from server.core.pump import Pump
from server.current import CurrentSite
from tests.server.sites import DEMO, ORDERS, small_site
from tests.voice.fakes import Media
from tests.voice.web_rig import Desk, Socket
from voice.conductor import Conductor
from voice.web_messages import Refused, Start


class FakePump:
    def now(self) -> int:
        return 0

    @property
    def dispatcher(self) -> "FakePump":
        return self

    def place(self, _work_id: str) -> int | None:
        return None

    def work(self, work_id: str) -> Any:
        return SimpleNamespace(queue="orders") if work_id == "w1" else None


async def test_an_entry_may_be_for_telephones_only(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("prompts"))
    (folder / "prompts").symlink_to(DEMO / "prompts", target_is_directory=True)
    text = (folder / "site.toml").read_text()
    (folder / "site.toml").write_text(text.replace("[entries.400]\n", "[entries.400]\nweb = false\n"))
    site = config.load(folder)
    assert (site.entries["4000"].web, site.entries["400"].web) == (True, False)

    desk, socket = Desk(), Socket()
    endpoint = web_call_endpoint(
        CurrentSite(site),
        cast("Conductor", desk),
        Media(),
        cast("Pump", FakePump()),
        lambda _request: True,
        lambda _request: "",
    )
    calls = endpoint._calls
    assert calls.start(Start(entry="400", sdp="v=0"), socket) is None
    assert calls.start(Start(entry="4711", sdp="v=0"), socket) is None
    assert [message.code for message in socket.sent if isinstance(message, Refused)] == ["no_such_entry"] * 2
    assert calls.start(Start(entry="4000", sdp="v=0"), socket) is not None
    assert [entry for _, entry, _ in desk.admitted] == ["4000"]

    name_of = names_of(CurrentSite(site))
    assert name_of("agent1") == "Demo agent 1"
    assert name_of("nobody") == ""


def test_callers_from_the_web_read_the_emergency_message_of_their_queue() -> None:
    queue = replace(ORDERS, emergency_texts={"en": "A storm.", "zh-CN": "风暴"})
    told = _emergencies(CurrentSite(small_site(queue=queue)), cast("Pump", FakePump()))
    assert [told("w1", locale) for locale in ("en", "zh-CN", "zh-TW", "")] == ["A storm.", "风暴", "风暴", "A storm."]
    assert told("gone", "en") == ""
