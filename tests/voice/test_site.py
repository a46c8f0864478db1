"""The site as calls need it: flows that rules send callers through."""

from ivr.commands import SetLanguage
from ivr.context import IvrContext
from ivr.flow import Flow, Goodbye, Node, Set
from voice.site import VoiceSite

NODES: dict[str, Node] = {
    "bye": Goodbye("bye", ("goodbye",)),
    "chinese": Set("chinese", "bye", language="cmn"),
}
BYE = Flow("bye", "Bye", "en", "bye", NODES)


def test_a_diversion_is_the_flow_from_its_beginning_in_the_callers_language() -> None:
    site = VoiceSite(
        {}, {}, IvrContext(lambda _calendar, _now: True), lambda _agent: None, "n", lambda: "i", flows={"bye": BYE}
    )
    assert site.diversion("gone", {}, "en") is None
    flow = site.diversion("bye", {"caller": "0755"}, "cmn")
    assert flow is not None
    assert flow.start(0)[0] == SetLanguage("cmn")
