"""How a call begins: by an entry and its flow, moved here from another node, or by calling a customer back."""

from collections.abc import Callable

import structlog

from ivr.machine import IvrMachine
from router import events as facts
from router.commands import DivertWork
from router.vocabulary import EndedBy, Medium
from voice.call import CallMachine
from voice.called_back import AnsweredLeg, CalledBack
from voice.caller_leg import CallerLeg
from voice.events import AgentReady, Diverted, Parted
from voice.guests import GuestCall, GuestCaller
from voice.moved import MovedCall
from voice.neighbours import VoicePorts
from voice.ports import CallerIdentity, Numbers
from voice.runner import CallPlace, CallRunner, caller_leg_id
from voice.site import Entry, VoiceSite

log = structlog.get_logger(__name__)


class Starting:
    """Makes the runners of this node's calls; `site` is the one that holds now."""

    def __init__(self, site: Callable[[], VoiceSite], ports: VoicePorts, numbers: Numbers) -> None:
        self._site = site
        self._ports = ports
        self._numbers = numbers

    def by_entry(self, caller: CallerLeg, entry_name: str, entry: Entry, who: CallerIdentity) -> CallRunner:
        """Somebody has called a published number or address."""
        site = self._site()
        known = {"caller": who.value, "channel": entry.channel, "entry": entry_name}
        place = CallPlace(site.new_id(), entry.channel, entry_name, site.node, known)
        language = entry.flow.spoken_to(who.locale)
        return self._started(caller, place, IvrMachine(entry.flow, site.ivr, known, language), language, who)

    def moved(self, caller: CallerLeg, moved: MovedCall) -> CallRunner:
        """Somebody whose own node ends: a new interaction, at the place that they had."""
        site = self._site()
        language = moved.language or site.language
        known = {"caller": moved.caller, "channel": moved.channel, "entry": moved.entry}
        place = CallPlace(site.new_id(), moved.channel, moved.entry, site.node, known, moved.since)
        menu = IvrMachine(moved.flow(), site.ivr, known, language, moved.path)
        who = CallerIdentity(moved.caller_kind, moved.caller, moved.caller_name)
        runner = self._started(caller, place, menu, language, who)
        noted = facts.InteractionNoted(place.interaction_id, "moved_from", (("of", moved.of),))
        self._ports.router.tell(noted, caller.call)
        return runner

    def called_back(self, leg: CalledBack) -> CallRunner:
        """The customer has answered: an ordinary call begins, with its agent there."""
        promise, site = leg.promise, self._site()
        place = CallPlace(promise.interaction_id, "", "", site.node)
        who = promise.interaction_id, leg.leg_id
        language = self._ports.contexts.language(promise.interaction_id) or site.language
        machine = CallMachine(None, site.waits, language, *who, called_back=promise.queue, recordings=site.recordings)
        runner = CallRunner(AnsweredLeg(leg), place, machine, self._ports, self._numbers)
        runner.tell(AgentReady(promise.work_id, promise.reservation_id, promise.agent_id, promise.agent_leg))
        return runner

    def guest(self, caller: GuestCaller, guest: GuestCall) -> CallRunner:
        """Somebody of another shard, for whom this one has the work item: they wait from the first, by that."""
        site, interaction_id = self._site(), guest.interaction_id
        known = {"caller": guest.caller, "channel": guest.channel, "entry": guest.entry}
        place = CallPlace(interaction_id, guest.channel, guest.entry, site.node, known, origin=guest.shard)
        who, language = (interaction_id, caller_leg_id(interaction_id)), guest.language or site.language
        rules = {"called_back": guest.queue, "came_by": guest.work_id}
        machine = CallMachine(None, site.waits, language, *who, recordings=site.recordings, **rules)
        opened = facts.InteractionOpened(interaction_id, place.channel, Medium.VOICE, place.entry, site.node)
        self._ports.router.tell(opened, caller.call)
        return CallRunner(caller, place, machine, self._ports, self._numbers)

    def divert(self, command: DivertWork, runner: CallRunner) -> None:
        """A rule sends a waiting caller through a flow, from its beginning; they are hung up on where there is none."""
        flow = self._site().diversion(command.divert, runner.known, runner.language)
        if flow is None:
            log.error("unknown_flow", flow=command.divert, work_id=command.work_id)
        runner.tell(Diverted(command.work_id, flow) if flow else Parted(command.work_id, EndedBy.SYSTEM))

    def _started(
        self, caller: CallerLeg, place: CallPlace, menu: IvrMachine, language: str, who: CallerIdentity
    ) -> CallRunner:
        site, new = self._site(), place.interaction_id
        machine = CallMachine(menu, site.waits, language, new, caller_leg_id(new), recordings=site.recordings)
        self._ports.contexts.opened(new, place.channel, who.value, who.name, who.kind)
        opened = facts.InteractionOpened(new, place.channel, Medium.VOICE, place.entry, site.node)
        self._ports.router.tell(opened, caller.call)
        return CallRunner(caller, place, machine, self._ports, self._numbers)
