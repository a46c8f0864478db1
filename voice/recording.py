"""Whether a call is recorded: what the caller is told or asked before, the queue's rule, and pauses. Pure.

A call has one recording, which is silent wherever nobody of the site's speaks with the customer, and during pauses.
"""

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from voice.asked import PauseAsked, PauseOrdered
from voice.events import CallCommand, Deny, Note, PlayPrompts, RecordingLost, SetRecording, ShowRecording, StopPrompts
from voice.party import Party, PartyState

RecordingState = Literal["on", "silent", "paused", "failed"]


class Told(StrEnum):
    """What the customer knows of the recording, and what they said to it. Nothing changes a refusal."""

    NOTHING = "nothing"
    ANNOUNCED = "announced"
    GIVEN = "given"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RecordingRule:
    """A queue's rule (config/README.md); times in microseconds, `share` of a hundred calls."""

    rule: Literal["never", "always", "announced", "consent"] = "never"
    prompts: tuple[str, ...] = ()
    digit: str = "1"
    answer_us: int = 6_000_000
    agents_pause: bool = True
    programs_pause: bool = True
    longest_pause_us: int = 120_000_000
    share: int = 100

    def chooses(self, interaction_id: str) -> bool:
        """Whether the call is among the share that is recorded; the same answer each time for the same call."""
        return self.rule != "never" and zlib.crc32(interaction_id.encode()) % 100 < self.share

    def allows(self, told: Told) -> bool:
        """Whether this may be recorded of a customer who was told so."""
        match self.rule:
            case "never":
                return False
            case "always":
                return told is not Told.REFUSED
            case "announced":
                return told in (Told.ANNOUNCED, Told.GIVEN)
            case "consent":
                return told is Told.GIVEN


_NEVER: Final = RecordingRule()


@dataclass(frozen=True, slots=True)
class Pause:
    """`by` is a party, or the account of a program or supervisor; it ends by itself at `until`."""

    by: str
    name: str
    until: int


class CallRecording:
    """One call's recording. `told` stands for the whole call, `wanted` is what the media engine was asked for last."""

    def __init__(self, rules: Mapping[str, RecordingRule], interaction_id: str) -> None:
        self.told = Told.NOTHING
        self._rules = rules
        self._interaction_id = interaction_id
        self._asking: RecordingRule | None = None
        self._play_id = ""
        self._answer_until: int | None = None
        self._pause: Pause | None = None
        self._wanted: SetRecording | None = None
        self._shown: ShowRecording | None = None
        self._failed = False
        self._rule = _NEVER

    # --- before the queue ---------------------------------------------------------------------------------------

    def tell(self, queue: str, language: str, play_id: str) -> list[CallCommand]:
        """Tells or asks the caller as this queue wants it; nothing when they know enough, or nothing is recorded."""
        rule = self._rule_of(queue)
        known = (Told.REFUSED, Told.GIVEN) if rule.rule == "consent" else (Told.REFUSED, Told.GIVEN, Told.ANNOUNCED)
        if rule.rule not in ("announced", "consent") or self.told in known:
            return []
        self._asking, self._play_id, self._answer_until = rule, play_id, None
        return [PlayPrompts(play_id, tuple(name if "/" in name else f"{language}/{name}" for name in rule.prompts))]

    @property
    def asking(self) -> bool:
        """Whether the caller is being told or asked."""
        return self._asking is not None

    @property
    def answer_until(self) -> int | None:
        """Until when a digit is waited for; None while the question is still being said."""
        return self._answer_until

    def played(self, play_id: str, reason: str, now: int) -> list[CallCommand]:
        """The prompts are over."""
        rule = self._asking
        if rule is None or play_id != self._play_id:
            return []
        if reason != "finished":
            # Who was not told is not recorded; asked again by another queue they still can be.
            return self._settled(Told.NOTHING, "not_told")
        if rule.rule == "announced":
            return self._settled(Told.ANNOUNCED, "announced")
        self._answer_until = now + rule.answer_us
        return []

    def pressed(self, digit: str) -> list[CallCommand]:
        """The caller's answer, which may come before the question has ended."""
        rule = self._asking
        if rule is None or rule.rule != "consent":
            return []
        given = digit == rule.digit
        settled = self._settled(Told.GIVEN, "given") if given else self._settled(Told.REFUSED, "refused")
        return [StopPrompts(self._play_id), *settled]

    def unanswered(self, now: int) -> list[CallCommand]:
        """No digit came: that is no consent."""
        if self._answer_until is None or self._answer_until > now:
            return []
        return self._settled(Told.REFUSED, "no_answer")

    def _settled(self, told: Told, word: str) -> list[CallCommand]:
        self.told, self._asking, self._answer_until = told, None, None
        return [Note("recording_notice", (("answer", word),))]

    # --- in the conversation ------------------------------------------------------------------------------------

    def next_deadline(self) -> int | None:
        """When the pause ends by itself."""
        return None if self._pause is None else self._pause.until

    def follow(self, agents: Sequence[Party], now: int, *, joined: bool) -> list[CallCommand]:
        """The parties stand anew: record, or be silent. `joined`: the customer speaks with somebody."""
        here = [party for party in agents if party.state is PartyState.HERE]
        done = self._end_pause(agents, now)
        rules = [self._rule_of(party.queue) for party in here]
        allowed = joined and bool(rules) and all(rule.allows(self.told) for rule in rules)
        if rules:
            self._rule = rules[0]
        if not allowed and self._wanted is None:
            return done
        return [*done, *self._want(here, heard=allowed and self._pause is None)]

    def show(self, *, talking: bool) -> list[CallCommand]:
        """What the agents' pages are to show of it, when that has changed."""
        shown = self._view() if talking and self._wanted is not None else None
        if shown == self._shown or (shown is None and not talking):
            self._shown = shown
            return []
        self._shown = shown
        return [shown] if shown is not None else []

    def handle(
        self, event: PauseAsked | PauseOrdered | RecordingLost, agents: Sequence[Party], now: int
    ) -> list[CallCommand]:
        """Somebody pauses it or goes on with it, or the file cannot be written: then the call goes on without."""
        if isinstance(event, RecordingLost):
            lost: list[CallCommand] = [] if self._failed else [Note("recording_failed")]
            self._failed, self._pause = True, None
            return lost
        name = event.name if isinstance(event, PauseOrdered) else self._agent(event.by, agents)
        if not name:
            return [Deny("not_connected", "you are not in this conversation")]
        if self._wanted is None or self._failed:
            return [Deny("not_recorded", "this call is not recorded")]
        if not self._may_pause(event):
            return [Deny("may_not_pause", "recordings of this queue are not paused so")]
        if event.on is (self._pause is not None):
            return []
        self._pause = Pause(event.by, name, now + self._rule.longest_pause_us) if event.on else None
        return [Note("recording_paused" if event.on else "recording_resumed", (("by", name),))]

    # --- inside -------------------------------------------------------------------------------------------------

    def _rule_of(self, queue: str) -> RecordingRule:
        rule = self._rules.get(queue)
        return rule if rule is not None and rule.chooses(self._interaction_id) else _NEVER

    def _end_pause(self, agents: Sequence[Party], now: int) -> list[CallCommand]:
        """By its longest time, or because the agent who wanted it has gone to wrap-up."""
        pause = self._pause
        if pause is None:
            return []
        own = any(party.party_id == pause.by for party in agents)
        gone = pause.by != pause.name and not own
        if not gone and now < pause.until:
            return []
        self._pause = None
        return [Note("recording_resumed", (("by", "gone" if gone else "time"),))]

    def _want(self, here: Collection[Party], *, heard: bool) -> list[CallCommand]:
        if self._failed:
            return []
        before = self._wanted
        first = next(iter(here), None)
        known = before.agents if before else ()
        wanted = SetRecording(
            heard=heard,
            queue=before.queue if before else first.queue if first else "",
            work_id=before.work_id if before else first.party_id if first else "",
            told=self.told.value,
            agents=(*known, *(one.agent_id for one in here if heard and one.agent_id not in known)),
            paused_by=self._pause.name if self._pause else "",
        )
        if wanted == before:
            return []
        self._wanted = wanted
        return [wanted]

    def _view(self) -> ShowRecording:
        wanted, pause = self._wanted, self._pause
        state: RecordingState = "silent"
        if self._failed:
            state = "failed"
        elif pause is not None:
            state = "paused"
        elif wanted is not None and wanted.heard:
            state = "on"
        return ShowRecording(
            state,
            by=pause.name if pause else "",
            until=pause.until if pause else None,
            agents_pause=self._rule.agents_pause,
        )

    def _may_pause(self, event: PauseAsked | PauseOrdered) -> bool:
        if isinstance(event, PauseAsked):
            return self._rule.agents_pause
        return self._rule.programs_pause or not event.program

    @staticmethod
    def _agent(party_id: str, agents: Sequence[Party]) -> str:
        # Whose leg is away (a page that loads anew) is still in the conversation.
        of = (party.agent_id for party in agents if party.party_id == party_id)
        return next(of, "")
