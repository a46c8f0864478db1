from agents_ws.codec import JSON, MSGPACK, Codec
from agents_ws.hub import Hub, Link
from agents_ws.messages import ByeCode, Done, Snapshot
from agents_ws.outbox import OutboxLimits
from agents_ws.session import Attach, SessionLimits
from router.vocabulary import Presence


class Scene:
    def __init__(self) -> None:
        self.now = 0
        self.events: list[tuple[int, str]] = []
        names = iter("abcdefgh")
        limits = SessionLimits(outbox=OutboxLimits(messages=3), keep_us=100)
        self.hub = Hub(now=lambda: self.now, new_session_id=lambda: next(names), limits=limits)

    def link(self, generation: int, codec: Codec = JSON) -> Link:
        return Link(
            generation,
            wake=lambda: self.events.append((generation, "wake")),
            close=lambda code: self.events.append((generation, code)),
            codec=codec,
        )


def live(scene: Scene, generation: int = 1) -> None:
    session, _ = scene.hub.open("ann", None, None, scene.link(generation))
    session.finish_snapshot(session.begin_snapshot(), Snapshot(presence=Presence.READY, since_us=0, leg="none"))


def test_nobody_there_is_counted_as_dropped() -> None:
    scene = Scene()
    assert not scene.hub.send("ann", Done(ref="1"))
    assert (scene.hub.counts.dropped, scene.hub.counts.sessions) == (1, 0)


def test_send_wakes_the_connection_of_that_agent_only() -> None:
    scene = Scene()
    live(scene)
    assert scene.hub.send("ann", Done(ref="1"))
    assert not scene.hub.send("bob", Done(ref="1"))
    assert scene.events == [(1, "wake")]
    counts = scene.hub.counts
    assert (counts.sessions, counts.connections, counts.sent, counts.dropped, counts.held_messages) == (1, 1, 1, 1, 2)
    assert counts.held_bytes > 0


def test_written_is_what_the_connection_was_given() -> None:
    scene = Scene()
    assert not scene.hub.written("ann"), "nobody is there"
    session, _ = scene.hub.open("ann", None, None, scene.link(1))
    session.finish_snapshot(session.begin_snapshot(), Snapshot(presence=Presence.READY, since_us=0, leg="none"))
    scene.hub.send("ann", Done(ref="1"))
    assert not scene.hub.written("ann")
    while session.take(1) is not None:
        pass
    assert scene.hub.written("ann")
    scene.hub.detach(session, 1)
    assert not scene.hub.written("ann"), "on no wire"


def test_a_newer_connection_replaces_and_an_older_is_outdated() -> None:
    scene = Scene()
    session, _ = scene.hub.open("ann", None, None, scene.link(2))
    _, attach = scene.hub.open("ann", None, None, scene.link(1))
    assert attach is Attach.OUTDATED
    again, attach = scene.hub.open("ann", session.session_id, None, scene.link(3))
    assert again is session
    assert scene.events == [(2, ByeCode.REPLACED)]
    scene.hub.detach(session, 2)
    assert scene.hub.connected("ann"), "the end of the replaced connection does not touch the newer one"
    scene.hub.detach(session, 3)
    assert not scene.hub.connected("ann")


def test_a_session_is_resumed_only_in_the_form_that_it_holds() -> None:
    scene = Scene()
    live(scene)
    session, attach = scene.hub.open("ann", "a", 0, scene.link(2, MSGPACK))
    assert (attach, session.session_id, session.codec) == (Attach.RESYNC, "b", MSGPACK)
    session.finish_snapshot(session.begin_snapshot(), Snapshot(presence=Presence.READY, since_us=0, leg="none"))
    again, attach = scene.hub.open("ann", "b", 0, scene.link(3, MSGPACK))
    assert (attach, again) == (Attach.RESUMED, session)


def test_a_session_of_another_agent_or_an_expired_one_is_not_resumed() -> None:
    scene = Scene()
    session, _ = scene.hub.open("ann", None, None, scene.link(1))
    other, _ = scene.hub.open("bob", session.session_id, 0, scene.link(1))
    assert other.session_id != session.session_id
    scene.hub.detach(session, 1)
    scene.now = 100
    fresh, attach = scene.hub.open("ann", session.session_id, 0, scene.link(2))
    assert fresh is not session
    assert attach is Attach.RESYNC


def test_a_message_for_an_expired_session_frees_it() -> None:
    scene = Scene()
    live(scene)
    session, _ = scene.hub.open("ann", "a", None, scene.link(2))
    scene.hub.detach(session, 2)
    scene.now = 100
    assert not scene.hub.send("ann", Done(ref="1"))
    assert scene.hub.counts.sessions == 0


def test_resync_overflow_and_sign_out() -> None:
    scene = Scene()
    live(scene)
    for n in range(5):
        scene.hub.send("ann", Done(ref=str(n)))
    assert scene.hub.counts.resyncs == 1
    assert scene.hub.counts.held_messages == 0
    scene.hub.resync("ann")
    scene.hub.resync("nobody")
    scene.hub.close("ann", ByeCode.SIGNED_OUT)
    assert scene.events[-1] == (1, ByeCode.SIGNED_OUT)
    counts = scene.hub.counts
    assert (counts.sessions, counts.resyncs) == (0, 1)


def test_a_session_is_known_by_its_name_and_the_token_that_opened_it_until_somebody_signed_out() -> None:
    scene = Scene()
    session, _ = scene.hub.open("ann", None, None, scene.link(1))
    assert scene.hub.known(session.session_id, "hers") is None
    session.vouch("hers", check_at=1000)
    assert scene.hub.known(session.session_id, "hers") == "ann"
    assert scene.hub.known(None, "hers") is None
    assert scene.hub.known(session.session_id, "his") is None
    scene.hub.signed_out("hers")
    assert scene.hub.known(session.session_id, "hers") is None
    session.vouch("hers", check_at=1000)
    scene.hub.forget("ann")
    assert scene.hub.known(session.session_id, "hers") is None
