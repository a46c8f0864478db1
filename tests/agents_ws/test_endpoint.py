"""The endpoint over real sockets: handshake, origin, replacement, resume, shutdown."""

import asyncio

import aiohttp
import pytest

from agents_ws.limits import EndpointLimits
from agents_ws.messages import Ack, Bye, ByeCode, Done, Hello, Leg, Ping, Pong, PresenceShown, Snapshot
from router.vocabulary import Presence
from tests.agents_ws.scripted import Client, Stage, connect, signed_in, stage
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("each_codec")


async def refused_with(place: Stage, protocols: tuple[str, ...] = (), **headers: str) -> int:
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await http.ws_connect(place.url, protocols=protocols, headers=headers)
        return caught.value.status


async def test_hello_welcome_snapshot() -> None:
    async with stage() as place, signed_in(place) as (client, welcome):
        assert (welcome.agent.id, welcome.resumed, welcome.session) == ("ann", False, "s-1")
        snapshot = await client.hear()
        assert isinstance(snapshot, Snapshot)
        assert snapshot.seq == 1
        assert client.ws.protocol == Client.spoken.subprotocol


async def test_origins() -> None:
    async with stage() as place:
        assert await refused_with(place, Origin="https://evil.example.org") == 403
        assert await refused_with(place, Origin="null") == 403
        assert await refused_with(place, Origin="http://[") == 403
        assert place.gateway.calls == []
        for origin in ("https://agents.example.org", f"http://127.0.0.1:{place.port}"):
            async with connect(place, Origin=origin) as client:
                await client.say(Hello(token="token:ann"))
                await client.hear_until(Snapshot)


async def test_another_subprotocol_is_refused() -> None:
    async with stage() as place:
        assert await refused_with(place, protocols=("graphql-ws",)) == 400


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (Hello(token="wrong"), ByeCode.UNAUTHORIZED),
        (Ack(seq=0), ByeCode.PROTOCOL_ERROR),
        ("{", ByeCode.PROTOCOL_ERROR),
        (b"\xc1", ByeCode.PROTOCOL_ERROR),
        (None, ByeCode.HELLO_TIMEOUT),
    ],
)
async def test_a_bad_beginning(first: Hello | Ack | str | bytes | None, code: ByeCode) -> None:
    async with stage(EndpointLimits(hello_timeout_s=0.1)) as place, connect(place) as client:
        match first:
            case str():
                await client.ws.send_str(first)
            case bytes():
                await client.ws.send_bytes(first)
            case Hello() | Ack():
                await client.say(first)
        bye = await client.hear()
        assert isinstance(bye, Bye)
        assert bye.code is code
        assert await client.closed_with() in range(4000, 4010)
        assert place.gateway.calls == []
        assert place.endpoint.endings[code] == 1


async def test_leaving_before_hello_leaves_nothing() -> None:
    async with stage() as place:
        async with connect(place):
            pass
        await until(lambda: not place.endpoint._visits, "the visit is over")
        assert place.gateway.calls == []


async def test_resume_without_loss_or_doubles() -> None:
    async with stage() as place:
        async with signed_in(place) as (client, welcome):
            await client.hear_until(Snapshot)
            place.hub.send("ann", Leg(state="up"))
            place.hub.send("ann", Leg(state="none"))
            assert (await client.hear_until(Leg)).seq == 2
        await until(lambda: ("disconnected", "ann", 1) in place.gateway.calls, "noticed")
        place.hub.send("ann", PresenceShown(presence=Presence.READY, since_us=5))
        async with signed_in(place, session=welcome.session, last_seq=2) as (client, again):
            assert again.resumed
            assert again.session == welcome.session
            messages = [await client.hear(), await client.hear()]
            assert [message.seq for message in messages if not isinstance(message, Bye)] == [3, 4]  # type: ignore[union-attr]
            await client.say(Ack(seq=4))
            await until(lambda: place.hub.counts.held_messages == 0, "acknowledged")


async def test_an_unknown_session_gets_a_snapshot() -> None:
    async with stage() as place, signed_in(place, session="from before the restart", last_seq=9) as (client, welcome):
        assert not welcome.resumed
        assert isinstance(await client.hear(), Snapshot)


async def test_a_newer_connection_replaces_the_older() -> None:
    async with stage() as place, signed_in(place) as (old, welcome):
        await old.hear_until(Snapshot)
        async with signed_in(place, session=welcome.session, last_seq=1) as (new, again):
            assert again.resumed
            assert (await old.hear_until(Bye)).code is ByeCode.REPLACED
            assert await old.closed_with() == 4004
            await until(lambda: ("disconnected", "ann", 1) in place.gateway.calls, "told of the old one")
            place.hub.send("ann", Leg(state="up"))
            assert (await new.hear_until(Leg)).seq == 2
            assert place.hub.counts.connections == 1


async def test_two_agents_do_not_hear_each_other() -> None:
    async with stage() as place, signed_in(place, "ann") as (ann, _), signed_in(place, "bob") as (bob, _):
        for client in (ann, bob):
            await client.hear_until(Snapshot)
        place.hub.send("bob", Leg(state="up"))
        place.hub.send("ann", Done(ref="hers"))
        assert isinstance(await ann.hear(), Done)
        assert isinstance(await bob.hear(), Leg)


async def test_shutdown_says_bye_to_all_and_refuses_more() -> None:
    async with stage() as place, connect(place) as silent, signed_in(place) as (client, _):
        await client.hear_until(Snapshot)
        closing = asyncio.create_task(place.endpoint.aclose())
        assert (await client.hear_until(Bye)).code is ByeCode.SHUTDOWN
        assert await client.closed_with() == 1001
        assert (await silent.hear_until(Bye)).code is ByeCode.SHUTDOWN
        assert await silent.closed_with() == 1001
        await closing
        assert await refused_with(place) == 503
        assert ("disconnected", "ann", 1) in place.gateway.calls


async def test_a_failing_gateway_ends_the_connection_and_nothing_else() -> None:
    async with stage() as place:
        place.gateway.failures["authenticate"] = RuntimeError("store lost")
        async with connect(place) as client:
            await client.say(Hello(token="token:ann"))
            assert (await client.hear_until(Bye)).code is ByeCode.INTERNAL
        place.gateway.failures.clear()
        async with signed_in(place) as (client, _):
            await client.hear_until(Snapshot)


async def test_a_page_that_stays_does_not_outlive_its_sign_in() -> None:
    async with stage(EndpointLimits(token_check_s=0)) as place, signed_in(place) as (client, _):
        await client.hear_until(Snapshot)
        place.gateway.failures["may_stay"] = RuntimeError("store lost")
        await client.say(Ping(ref="while the store is away"))
        await client.hear_until(Pong)
        place.gateway.failures.clear()
        await client.say(Ping(ref="still signed in"))
        await client.hear_until(Pong)
        place.gateway.withdrawn = "token:ann"
        await client.say(Ping(ref="the password was changed"))
        assert (await client.hear_until(Bye)).code is ByeCode.UNAUTHORIZED
        assert await client.closed_with() == 4001


async def test_who_comes_back_to_their_session_is_not_looked_up_again() -> None:
    async with stage() as place:
        gateway = place.gateway
        async with signed_in(place) as (client, welcome):
            await client.hear_until(Snapshot)
        async with signed_in(place, session=welcome.session, last_seq=1) as (_, again):
            assert again.resumed
            assert again.agent == welcome.agent
        assert gateway.looked_up == ["token:ann"]
        # Somebody else's token, or another one of theirs, is looked up, whatever session it names.
        async with signed_in(place, "bob", session=welcome.session, last_seq=1) as (_, other):
            assert (other.resumed, other.agent.id) == (False, "bob")
        assert gateway.looked_up[1:] == ["token:bob"]


async def test_who_signed_out_or_is_gone_does_not_come_back_to_their_session() -> None:
    async with stage() as place:
        gateway = place.gateway
        async with signed_in(place) as (client, welcome):
            await client.hear_until(Snapshot)
        place.hub.signed_out("token:ann")
        async with signed_in(place, session=welcome.session, last_seq=1):
            assert gateway.looked_up == ["token:ann"] * 2
        gateway.gone = "ann"
        async with connect(place) as client:
            await client.say(Hello(token="token:ann", session=welcome.session, last_seq=1))
            assert (await client.hear_until(Bye)).code is ByeCode.UNAUTHORIZED
        assert gateway.looked_up == ["token:ann"] * 2


async def test_a_token_that_was_withdrawn_while_they_stayed_is_looked_up_when_they_come_back() -> None:
    async with stage(EndpointLimits(token_check_s=0.05)) as place:
        gateway = place.gateway
        async with signed_in(place) as (client, welcome):
            await client.hear_until(Snapshot)
            gateway.withdrawn = "token:ann"

            async def bye() -> bool:
                await client.say(Ping())
                message = await client.hear()
                return isinstance(message, Bye) and message.code is ByeCode.UNAUTHORIZED

            async with asyncio.timeout(30):
                while not await bye():
                    await asyncio.sleep(0.02)
        async with signed_in(place, session=welcome.session, last_seq=1):
            assert gateway.looked_up == ["token:ann"] * 2


async def test_signed_out_elsewhere() -> None:
    async with stage() as place, signed_in(place) as (client, welcome):
        await client.hear_until(Snapshot)
        place.hub.close("ann", ByeCode.SIGNED_OUT)
        assert (await client.hear_until(Bye)).code is ByeCode.SIGNED_OUT
        assert await client.closed_with() == 4007
        async with signed_in(place, session=welcome.session, last_seq=1) as (_, again):
            assert not again.resumed


async def test_pings_are_answered_and_no_number_is_used() -> None:
    async with stage() as place, signed_in(place) as (client, _):
        await client.hear_until(Snapshot)
        await client.say(Ping(ref="p"))
        pong = await client.hear()
        assert getattr(pong, "ref", None) == "p"
        assert isinstance(client, Client)
