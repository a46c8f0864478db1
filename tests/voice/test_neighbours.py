from tests.voice.fakes import Media, Quiet, Router, Sdp, Signalling
from voice.neighbours import VoicePorts


def test_what_a_site_may_lack_is_absent_by_default() -> None:
    quiet = Quiet()
    ports = VoicePorts(Signalling(), Media(), Sdp(), Router(), quiet, quiet)
    assert (ports.services, ports.lines, ports.recorder, ports.expected_wait("w")) == (None, None, None, None)
