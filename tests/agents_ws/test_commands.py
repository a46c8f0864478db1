from agents_ws.commands import carry_out
from agents_ws.examples import CLIENT_EXAMPLES
from agents_ws.messages import Ack, CallCommand, ChatSignal, Done, Hello, LegAnswer, Ping, Refused
from agents_ws.ports import Refusal
from router.vocabulary import Medium
from tests.agents_ws.scripted import ScriptedGateway

COMMANDS = [example for example in CLIENT_EXAMPLES if not isinstance(example, Hello | Ack | Ping | ChatSignal)]


async def test_each_command_reaches_the_gateway_with_what_it_says() -> None:
    gateway = ScriptedGateway()
    replies = [await carry_out(gateway, "ann", command) for command in COMMANDS]
    assert gateway.calls == [
        ("set_presence", "ann", "not_ready", "lunch"),
        ("queue_presence", "ann", "not_ready", "lunch"),
        ("pause_media", "ann", (Medium.VOICE,)),
        ("echo_test", "ann", True),
        ("accept", "ann", "res-9"),
        ("reject", "ann", "res-9", "wrong_skill"),
        ("hang_up", "ann", "res-9"),
        *(("call", "ann", command) for command in COMMANDS if isinstance(command, CallCommand)),
        ("ask_supervisor", "ann", "res-9", True),
        ("park", "ann", "res-11", 4, 1_800_003_600_000_000),
        ("unpark", "ann", "1HRZ0K3Q2ABCDEFGH"),
        ("call_back", "ann", 7),
        ("watch_targets", "ann", Medium.VOICE),
        ("send_digit", "ann", "res-9", "5"),
        ("extend_wrap_up", "ann", "res-9", 30),
        ("finish_wrap_up", "ann", "res-9", "solved", "sent a new one"),
        ("chat_message", "ann", "res-12", "c-7", "Let me look that up for you."),
        ("open_leg", "ann", "v=0\r\n"),
        ("sign_out", "ann"),
    ]
    for command, reply in zip(COMMANDS, replies, strict=True):
        assert reply.ref == command.ref
        assert isinstance(reply, LegAnswer if command.ref == "r8" else Done)


async def test_each_command_can_be_refused() -> None:
    for command in COMMANDS:
        gateway = ScriptedGateway()
        await carry_out(gateway, "ann", command)
        gateway.refusals[gateway.calls[0][0]] = Refusal("too_late", "it is over")
        assert await carry_out(gateway, "ann", command) == Refused(
            ref=command.ref, code="too_late", message="it is over"
        )
