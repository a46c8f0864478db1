"""Carries out acts (server.chats.chat_acts) on the chats that are at home on this node."""

import asyncio
from collections.abc import Callable
from typing import Any, assert_never

from agents_ws import messages as m
from chat.conductor import ChatConductor
from chat.events import Side
from chat.floor import ChatFloor
from chat.handing_on import Target
from chat.listening import Listening
from chat.ports import ChatRefusedError
from chat.runner import ChatRunner
from records.handovers import Handover
from server.chats import chat_acts as a
from server.chats.chat_screens import ListenScreens, line_of, whisper_of
from server.chats.chat_watch import ChatWatch

AT_HAND_S, AGAIN_S = 1.2, 0.02


class ChatHome:
    """`name_of` gives what an agent is called, `homed` whether a chat is at home here, as far as the router goes."""

    def __init__(
        self,
        conductor: ChatConductor,
        listening: Listening,
        screens: ListenScreens,
        watch: ChatWatch,
        name_of: Callable[[str], str],
        homed: Callable[[str], bool],
    ) -> None:
        self._homed = homed
        self._conductor = conductor
        self._floor = ChatFloor(conductor)
        self._listening = listening
        self._screens = screens
        self._watch = watch
        self._name_of = name_of

    async def carry_out(self, act: a.Act) -> Any:
        """What the act says that it answers. Raises ChatRefusedError, StoreAwayError."""
        match act:
            case a.Say():
                conductor = self._conductor
                return await conductor.agent_says(
                    act.agent_id, act.reservation_id, act.client_id, act.text, file=act.file
                )
            case a.HandOver():
                target = Target(act.to_agent, act.to_queue)
                await self._floor.hand_on(act.agent_id, act.reservation_id, target, act.note)
            case a.ParkIt():
                await self._floor.park(act.agent_id, act.reservation_id, act.last, act.until_us)
            case a.Type():
                self._conductor.agent_types(act.agent_id, act.reservation_id, on=act.on)
            case a.Read():
                self._conductor.agent_reads(act.agent_id, act.reservation_id, act.number)
            case a.Show():
                await self.at_hand(act.interaction_id)
                shown = self.shown(act.interaction_id)
                return () if shown is None else (shown,)
            case a.LetGo():
                chat = await self._chat(act.interaction_id)
                await self._conductor.taking_up.let_go(chat, act.node)
                return tuple(
                    a.Listener(one.agent_id, one.mode.value) for one in self._listening.leave(act.interaction_id)
                )
            case _:
                return await self._supervise(act)
        return None

    async def at_hand(self, interaction_id: str) -> None:
        """Returns when a chat that has just got its home here is at hand, or after a moment."""
        for _ in range(int(AT_HAND_S / AGAIN_S)):
            if self._conductor.chat(interaction_id) is not None or not self._homed(interaction_id):
                return
            await asyncio.sleep(AGAIN_S)

    def has(self, interaction_id: str) -> bool:
        """Whether the chat is at hand here."""
        return self._conductor.chat(interaction_id) is not None

    def shown(self, interaction_id: str) -> a.Shown | None:
        """None for an interaction that is none, or is long over."""
        runner = self._conductor.chat(interaction_id)
        return None if runner is None else a.Shown(card=self._card(runner), name=runner.visitor_name)

    async def _supervise(self, act: a.Listen | a.StopListening | a.SayAsListener | a.ReadAlong | a.TakeOver) -> Any:
        match act:
            case a.Listen():
                return await self._watch.listen(await self._chat(act.interaction_id), act.agent_id, act.mode)
            case a.StopListening():
                return self._watch.stop(await self._chat(act.interaction_id), act.agent_id)
            case a.SayAsListener():
                chat = await self._chat(act.interaction_id)
                return await self._listening.say(chat, act.agent_id, act.client_id, act.text)
            case a.ReadAlong():
                return await self._watch.read(await self._chat(act.interaction_id), act)
            case a.TakeOver():
                await self._floor.take_over(act.agent_id, act.interaction_id)
                self._watch.stop(await self._chat(act.interaction_id), act.agent_id)
                return None
            case _:
                assert_never(act)

    async def _chat(self, interaction_id: str) -> ChatRunner:
        await self.at_hand(interaction_id)
        chat = self._conductor.chat(interaction_id)
        if chat is None:
            raise ChatRefusedError("unavailable", "the chat is on its way to another node of the server")
        return chat

    def _card(self, runner: ChatRunner) -> m.ChatCard:
        marks = runner.marks
        return m.ChatCard(
            lines=tuple(line_of(message) for message in runner.tail),
            locale=runner.locale,
            delivered=marks.customer_delivered,
            read=marks.customer_read,
            own_read=marks.agent_read,
            typing=runner.machine.typing(Side.CUSTOMER),
            handed_on=self._handed_on(runner.handover),
            listeners=self._screens.shown(self._listening.of(runner.chat_id)),
            whispers=tuple(whisper_of(one) for one in self._listening.whispers(runner.chat_id)),
        )

    def _handed_on(self, handover: Handover | None) -> m.HandedOn | None:
        if handover is None:
            return None
        return m.HandedOn(agent=handover.by, name=self._name_of(handover.by), at_us=handover.at, note=handover.note)
