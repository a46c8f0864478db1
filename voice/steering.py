"""What people ask of a conversation, carried out on its parties: hold, mute, transfers, conference, supervision. Pure.

What is not possible is denied and changes nothing.
"""

from typing import assert_never

from router.vocabulary import EndedBy
from voice.asked import (
    AgentTarget,
    CompleteAsked,
    ConferenceAsked,
    DropAsked,
    HoldAsked,
    ListenAsked,
    ListenEnded,
    ListeningAsked,
    MoveAsked,
    MuteAsked,
    NumberTarget,
    QueueTarget,
    SwapAsked,
    TakeOverAsked,
    Target,
    TransferAsked,
)
from voice.conversation import Commands, Conversation
from voice.events import CallCommand, Deny, EndAssignment, Note
from voice.listeners import Listener
from voice.party import Party, PartyKind, PartyState

MAX_PARTIES = 6


def asked(talk: Conversation, event: MoveAsked) -> Commands:
    """An agent in the conversation asks for something."""
    by = talk.parties.get(event.by)
    if by is None or not by.there:
        return [Deny("not_connected", "you are not in this conversation")]
    match event:
        case HoldAsked(_, on):
            return _hold(talk, by, on=on)
        case MuteAsked(_, on):
            by.muted = on
            return []
        case TransferAsked(_, target, warm):
            return _transfer(talk, by, target, warm=warm)
        case CompleteAsked():
            return _complete(talk, by)
        case SwapAsked():
            return _swap(talk, by)
        case ConferenceAsked():
            return _conference(talk, by)
        case DropAsked(_, party_id):
            return _drop(talk, by, party_id)
        case _:
            assert_never(event)


def _hold(talk: Conversation, by: Party, *, on: bool) -> Commands:
    customer = talk.customer
    if on is (customer.state is PartyState.HELD):
        return []
    talk.put(customer, by, on=on)
    return [Note("held" if on else "resumed")]


def _transfer(talk: Conversation, by: Party, target: Target, *, warm: bool) -> Commands:
    if len(talk.parties) >= MAX_PARTIES:
        return [Deny("too_many", f"a conversation has {MAX_PARTIES} parties at most")]
    match target:
        case AgentTarget(agent_id):
            if any(agent_id in (party.agent_id, party.directed) for party in talk.agents):
                return [Deny("already_here", f"{agent_id} is in this conversation, or coming")]
            enter: CallCommand = talk.expect(by.queue, agent_id)
            told = ("agent", agent_id)
        case QueueTarget(queue):
            enter = talk.expect(queue)
            told = ("queue", queue)
        case NumberTarget(number):
            enter = talk.call_number(number)
            told = ("to", "number")  # the number itself is personal data
        case _:
            assert_never(target)
    note = Note("transfer_asked", (("by", by.agent_id), told, ("warm", "yes" if warm else "no")))
    if not warm:
        return [enter, note, *_hand_on(talk, by)]
    held = _hold(talk, by, on=True) if talk.customer.state is PartyState.HERE else []
    return [*held, enter, note]


def _hand_on(talk: Conversation, by: Party) -> Commands:
    return [EndAssignment(by.reservation_id, EndedBy.AGENT, "transferred"), *talk.leave(by.party_id)]


def _complete(talk: Conversation, by: Party) -> Commands:
    if len(talk.others) == 1:
        return [Deny("nobody_else", "there is nobody to leave the customer to")]
    return [Note("transfer_completed", (("by", by.agent_id),)), *_hand_on(talk, by)]


def _swap(talk: Conversation, by: Party) -> Commands:
    others = [party for party in talk.others if party is not by and party.there]
    if not others:
        return [Deny("nobody_else", "there is nobody to swap with")]
    to_customer = talk.customer.state is PartyState.HELD
    talk.put(talk.customer, by, on=not to_customer)
    for party in others:
        talk.put(party, by, on=to_customer)
    return [Note("swapped", (("by", by.agent_id),))]


def _conference(talk: Conversation, by: Party) -> Commands:
    if not any(party.there for party in talk.others if party is not by):
        return [Deny("nobody_else", "there is nobody to confer with")]
    talk.resume_all()
    return [Note("conference", (("by", by.agent_id),))]


def _drop(talk: Conversation, by: Party, party_id: str) -> Commands:
    party = talk.parties.get(party_id)
    if party is None or party is by:
        return [Deny("unknown_party", "there is no such party; leave by hanging up")]
    if party.kind is PartyKind.CUSTOMER:
        return talk.close()
    who = ("agent", party.agent_id or party.directed) if party.kind is PartyKind.AGENT else ("to", "number")
    note = Note("dropped", (who, ("by", by.agent_id)))
    return [*talk.send_away(party, by.agent_id), note]


def supervised(talk: Conversation, event: ListeningAsked) -> Commands:
    """A supervisor asks for something, from outside or while they listen."""
    match event:
        case ListenAsked(agent_id, leg_id, mode, beside):
            agents = [party for party in talk.agents if party.leg_id]
            found = next((party for party in agents if beside in ("", party.agent_id)), None)
            if found is None:
                return [Deny("not_connected", "no such agent is in this conversation")]
            talk.listeners.add(Listener(agent_id, leg_id, mode, found.party_id))
            return [Note("listened", (("by", agent_id), ("mode", mode.value)))]
        case ListenEnded(agent_id):
            return [Note("listened", (("by", agent_id), ("mode", "off")))] if talk.listeners.remove(agent_id) else []
        case TakeOverAsked(agent_id):
            if any(agent_id in (party.agent_id, party.directed) for party in talk.agents):
                return [Deny("already_here", f"{agent_id} is in this conversation, or coming")]
            speaker = talk.speaker
            if speaker is None:
                return [Deny("not_connected", "nobody speaks with the customer")]
            enter = talk.expect(speaker.queue, agent_id, takes_over=True)
            return [enter, Note("take_over_asked", (("by", agent_id),))]
        case _:
            assert_never(event)
