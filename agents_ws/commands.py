"""Carries out one client command on the gateway, as the agent that the token named."""

from typing import assert_never

from agents_ws.messages import (
    Accept,
    AskSupervisor,
    CallBack,
    CallCommand,
    Command,
    Done,
    EchoTest,
    ExtendWrapUp,
    FinishWrapUp,
    HangUp,
    LegAnswer,
    OpenLeg,
    Park,
    PauseMedia,
    QueuePresence,
    Refused,
    Reject,
    SayInChat,
    SendDigit,
    SetPresence,
    SignOut,
    Unpark,
    WatchTargets,
)
from agents_ws.ports import Gateway, Refusal

Reply = Done | Refused | LegAnswer


async def carry_out(gateway: Gateway, agent_id: str, command: Command) -> Reply:
    """Returns once the effect is committed, or refused."""
    if isinstance(command, OpenLeg):
        answer = await gateway.open_leg(agent_id, command.sdp)
        return LegAnswer(ref=command.ref, sdp=answer) if isinstance(answer, str) else _reply(command.ref, answer)
    return _reply(command.ref, await _call(gateway, agent_id, command))


def _reply(ref: str, refusal: Refusal | None) -> Done | Refused:
    return Done(ref=ref) if refusal is None else Refused(ref=ref, code=refusal.code, message=refusal.message)


async def _call(  # noqa: C901 - one flat match over all commands, on purpose
    gateway: Gateway, agent_id: str, command: Command
) -> Refusal | None:
    match command:
        case SetPresence(presence=presence, reason=reason):
            return await gateway.set_presence(agent_id, presence, reason)
        case QueuePresence(presence=following, reason=reason):
            return await gateway.queue_presence(agent_id, following, reason)
        case PauseMedia(media=media):
            return await gateway.pause_media(agent_id, media)
        case EchoTest(on=on):
            return await gateway.echo_test(agent_id, on)
        case Accept(reservation_id=reservation_id):
            return await gateway.accept(agent_id, reservation_id)
        case Reject(reservation_id=reservation_id, reason=reason):
            return await gateway.reject(agent_id, reservation_id, reason)
        case HangUp(reservation_id=reservation_id):
            return await gateway.hang_up(agent_id, reservation_id)
        case _ if isinstance(command, CallCommand):
            return await gateway.call(agent_id, command)
        case AskSupervisor(reservation_id=reservation_id, on=on):
            return await gateway.ask_supervisor(agent_id, reservation_id, on)
        case Park(reservation_id=reservation_id, last=last, until_us=until_us):
            return await gateway.park(agent_id, reservation_id, last, until_us)
        case Unpark(interaction_id=interaction_id):
            return await gateway.unpark(agent_id, interaction_id)
        case CallBack(follow_up=follow_up):
            return await gateway.call_back(agent_id, follow_up)
        case WatchTargets(medium=medium):
            return await gateway.watch_targets(agent_id, medium)
        case SendDigit(reservation_id=reservation_id, digit=digit):
            return await gateway.send_digit(agent_id, reservation_id, digit)
        case ExtendWrapUp(reservation_id=reservation_id, by_s=by_s):
            return await gateway.extend_wrap_up(agent_id, reservation_id, by_s)
        case FinishWrapUp(reservation_id=reservation_id, disposition=disposition, note=note):
            return await gateway.finish_wrap_up(agent_id, reservation_id, disposition, note)
        case SayInChat(reservation_id=reservation_id, client_id=client_id, text=text):
            return await gateway.chat_message(agent_id, reservation_id, client_id, text)
        case SignOut():
            return await gateway.sign_out(agent_id)
        case OpenLeg():
            raise AssertionError("answered by carry_out")
        case _:
            assert_never(command)
