"""Whether a call is recorded: notice and consent, the queues' rules, hold, and pauses."""

from typing import TypeVar

import pytest

from voice import events as e
from voice.asked import PauseAsked, PauseOrdered
from voice.party import Party, PartyKind, PartyState
from voice.recording import CallRecording, RecordingRule, Told

T = TypeVar("T")
S = 1_000_000
RULES = {
    "always": RecordingRule(rule="always", longest_pause_us=60 * S),
    "announced": RecordingRule(rule="announced", prompts=("notice", "tone/beep")),
    "consent": RecordingRule(rule="consent", prompts=("question",), digit="1", answer_us=6 * S),
    "strict": RecordingRule(rule="always", agents_pause=False, programs_pause=False),
}


def of(kind: type[T], commands: list[e.CallCommand]) -> list[T]:
    return [command for command in commands if isinstance(command, kind)]


def agent(queue: str, agent_id: str = "anna", state: PartyState = PartyState.HERE) -> Party:
    return Party(f"w-{agent_id}", PartyKind.AGENT, state, f"leg-{agent_id}", f"r-{agent_id}", agent_id, queue)


def heard(recording: CallRecording, *agents: Party, joined: bool = True, now: int = 0) -> bool | None:
    """What is asked of the engine; None when nothing changes."""
    asked = of(e.SetRecording, recording.follow(agents, now, joined=joined))
    return asked[0].heard if asked else None


def answer(commands: list[e.CallCommand]) -> str:
    (note,) = of(e.Note, commands)
    return dict(note.detail)["answer"]


def told_by(queue: str, digit: str = "") -> CallRecording:
    recording = CallRecording(RULES, "i")
    recording.tell(queue, "en", "p")
    recording.played("p", "finished", 0)
    if digit:
        recording.pressed(digit)
    return recording


def test_a_queue_without_a_rule_is_not_recorded() -> None:
    recording = CallRecording(RULES, "i")
    assert recording.tell("other", "en", "p") == []
    assert recording.follow([agent("other")], 0, joined=True) == []
    assert recording.show(talking=True) == []


def test_the_announcement_is_in_the_callers_language_and_comes_first() -> None:
    recording = CallRecording(RULES, "i")
    assert recording.tell("announced", "zh", "p") == [e.PlayPrompts("p", ("zh/notice", "tone/beep"))]
    assert recording.played("another", "finished", 0) == []
    assert recording.pressed("1") == []
    assert answer(recording.played("p", "finished", 0)) == "announced"
    assert recording.played("p", "finished", 0) == []
    assert recording.tell("announced", "zh", "q") == [], "once is enough"
    assert heard(recording, agent("announced")) is True


def test_a_prompt_that_cannot_be_played_tells_nobody_anything() -> None:
    recording = CallRecording(RULES, "i")
    recording.tell("announced", "en", "p")
    assert answer(recording.played("p", "failed", 0)) == "not_told"
    assert heard(recording, agent("announced")) is None


@pytest.mark.parametrize(("digit", "word", "told"), [("1", "given", Told.GIVEN), ("2", "refused", Told.REFUSED)])
def test_a_key_is_the_answer_also_while_the_question_is_said(digit: str, word: str, told: Told) -> None:
    recording = CallRecording(RULES, "i")
    recording.tell("consent", "en", "p")
    done = recording.pressed(digit)
    assert of(e.StopPrompts, done) == [e.StopPrompts("p")]
    assert (answer(done), recording.told) == (word, told)
    assert heard(recording, agent("consent")) is (True if told is Told.GIVEN else None)


def test_silence_is_no_consent() -> None:
    recording = CallRecording(RULES, "i")
    recording.tell("consent", "en", "p")
    recording.played("p", "finished", 10 * S)
    assert recording.answer_until == 16 * S
    assert recording.unanswered(15 * S) == []
    assert answer(recording.unanswered(16 * S)) == "no_answer"
    assert heard(recording, agent("consent")) is None


def test_who_refused_is_recorded_by_no_queue_and_asked_by_none() -> None:
    recording = told_by("consent", "3")
    for queue in ("consent", "announced", "always"):
        assert recording.tell(queue, "en", "q") == []
        assert heard(recording, agent(queue)) is None


def test_an_announcement_is_no_consent() -> None:
    recording = told_by("announced")
    assert heard(recording, agent("consent")) is None
    assert recording.tell("consent", "en", "q") != []
    recording.pressed("1")
    assert heard(recording, agent("consent")) is True
    assert recording.tell("announced", "en", "q") == []


def test_who_was_not_told_is_not_recorded_when_they_are_handed_on() -> None:
    recording = CallRecording(RULES, "i")
    assert heard(recording, agent("always")) is True
    assert heard(recording, agent("announced", "ben")) is False, "the file goes on, in silence"
    (wanted,) = of(e.SetRecording, recording.follow([agent("always", "cai")], 0, joined=True))
    assert wanted.heard
    assert wanted.agents == ("anna", "cai"), "ben was never heard"
    assert (wanted.queue, wanted.work_id) == ("always", "w-anna")


def test_the_strictest_queue_of_a_conference_decides() -> None:
    recording = CallRecording(RULES, "i")
    assert heard(recording, agent("always")) is True
    assert heard(recording, agent("always"), agent("never", "ben")) is False
    assert heard(recording, agent("always"), agent("never", "ben", PartyState.HELD)) is True


def test_the_file_is_silent_while_nobody_of_ours_speaks_with_the_customer() -> None:
    recording = CallRecording(RULES, "i")
    assert heard(recording, agent("always")) is True
    assert heard(recording, agent("always"), joined=False) is False, "hold, or a colleague is asked"
    assert heard(recording, agent("always"), joined=False) is None
    assert heard(recording, joined=True) is None, "with a number alone"
    assert heard(recording, agent("always")) is True


def test_a_share_of_the_calls_is_the_same_each_time() -> None:
    rule = RecordingRule(rule="always", share=30)
    chosen = [rule.chooses(f"interaction-{n}") for n in range(1000)]
    assert 250 < sum(chosen) < 350
    assert chosen == [rule.chooses(f"interaction-{n}") for n in range(1000)]
    assert not RecordingRule(rule="never").chooses("interaction-1")


# --- pauses


def pausing(recording: CallRecording, agents: list[Party], now: int = 0, *, on: bool = True) -> list[e.CallCommand]:
    """anna pauses, and the parties are looked at again, as the call does."""
    done = recording.handle(PauseAsked("w-anna", on), agents, now)
    return [*done, *recording.follow(agents, now, joined=True)]


def test_an_agents_pause_is_silence_until_they_go_on() -> None:
    recording, agents = CallRecording(RULES, "i"), [agent("always")]
    heard(recording, *agents)
    assert recording.show(talking=True) == [e.ShowRecording("on")]
    (wanted,) = of(e.SetRecording, pausing(recording, agents, 5 * S))
    assert (wanted.heard, wanted.paused_by) == (False, "anna")
    assert recording.show(talking=True) == [e.ShowRecording("paused", "anna", 65 * S)]
    assert recording.next_deadline() == 65 * S
    assert of(e.SetRecording, pausing(recording, agents, 6 * S)) == [], "a second time does not make it longer"
    assert recording.next_deadline() == 65 * S
    (wanted,) = of(e.SetRecording, pausing(recording, agents, 9 * S, on=False))
    assert (wanted.heard, wanted.paused_by) == (True, "")
    assert recording.show(talking=True) == [e.ShowRecording("on")]
    assert recording.next_deadline() is None


def test_a_pause_ends_by_itself() -> None:
    recording, agents = CallRecording(RULES, "i"), [agent("always")]
    heard(recording, *agents)
    pausing(recording, agents, 5 * S)
    assert recording.follow(agents, 64 * S, joined=True) == []
    done = recording.follow(agents, 65 * S, joined=True)
    assert of(e.Note, done) == [e.Note("recording_resumed", (("by", "time"),))]
    assert of(e.SetRecording, done)[0].heard


def test_a_pause_ends_when_the_agent_who_wanted_it_goes() -> None:
    recording = CallRecording(RULES, "i")
    both = [agent("always"), agent("always", "ben")]
    heard(recording, *both)
    pausing(recording, both)
    assert heard(recording, *both, now=1) is None
    done = recording.follow(both[1:], 2, joined=True)
    assert of(e.Note, done) == [e.Note("recording_resumed", (("by", "gone"),))]
    assert of(e.SetRecording, done)[0].heard


def test_a_programs_pause_does_not_end_with_an_agent() -> None:
    recording, both = CallRecording(RULES, "i"), [agent("always"), agent("always", "ben")]
    heard(recording, *both)
    assert of(e.Deny, recording.handle(PauseOrdered("shop", on=True, program=True), both, 0)) == []
    assert heard(recording, *both) is False
    assert heard(recording, *both[1:]) is None
    recording.handle(PauseOrdered("shop", on=False, program=True), both, 0)
    assert heard(recording, *both[1:]) is True


@pytest.mark.parametrize(
    ("queue", "event", "code"),
    [
        ("other", PauseAsked("w-anna", on=True), "not_recorded"),
        ("always", PauseAsked("stranger", on=True), "not_connected"),
        ("strict", PauseAsked("w-anna", on=True), "may_not_pause"),
        ("strict", PauseOrdered("shop", on=True, program=True), "may_not_pause"),
        ("strict", PauseOrdered("sue", on=True, program=False), ""),
        ("always", PauseAsked("w-anna", on=False), ""),
    ],
)
def test_who_may_pause(queue: str, event: PauseAsked | PauseOrdered, code: str) -> None:
    recording, agents = CallRecording(RULES, "i"), [agent(queue)]
    heard(recording, *agents)
    assert [denied.code for denied in of(e.Deny, recording.handle(event, agents, 0))] == ([code] if code else [])


def test_a_recording_that_is_lost_is_shown_and_stays_lost() -> None:
    recording, agents = CallRecording(RULES, "i"), [agent("always")]
    heard(recording, *agents)
    assert recording.handle(e.RecordingLost(), agents, 0) == [e.Note("recording_failed")]
    assert recording.handle(e.RecordingLost(), agents, 0) == []
    assert recording.show(talking=True) == [e.ShowRecording("failed")]
    assert heard(recording, *agents, joined=False) is None
    assert of(e.Deny, recording.handle(PauseAsked("w-anna", on=True), agents, 0))[0].code == "not_recorded"
