"""The board's calls: who is in them, who listens and how, until they are over. Over nodes: test_far_desk.py."""

from msgspec.structs import replace

from server.calls.floor_calls import FloorCalls
from server.calls.live_calls import LiveCalls
from server.current import CurrentSite
from tests.server.calls.test_live_calls import PARTIES
from tests.server.sites import agent, small_site


def test_how_supervisors_listen_is_told_when_it_changes() -> None:
    live = LiveCalls(CurrentSite(small_site({"anna": agent("anna"), "ben": agent("ben")})))
    floor, touched = FloorCalls(live), list[str]()
    floor.changed = touched.append

    def change(*parties: object) -> list[str]:
        live.change("i", parties)  # type: ignore[arg-type]
        floor.touch("i")
        shown = floor.thing("i")
        return [] if shown is None else [one.mode for one in shown.parties if one.mode]

    assert change(*PARTIES) == ["listen", "whisper"]
    assert [name for name, _ in floor.things()] == ["i"]
    assert change(*PARTIES[:3], replace(PARTIES[3], mode="barge"), PARTIES[4]) == ["barge", "whisper"]
    assert touched == ["i", "i"]
    floor.touch("i")
    assert touched == ["i", "i"], "what shows nothing else is not told"
    assert change() == []
    assert (floor.things(), touched) == ((), ["i", "i", "i"])
    floor.touch("i")
    assert touched == ["i", "i", "i"]
