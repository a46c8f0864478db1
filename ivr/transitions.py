"""The IVR machine's phases and the table of its transitions; `docs/states/ivr.md` is drawn from this table."""

from collections.abc import Mapping
from enum import StrEnum


class Phase(StrEnum):
    """What the machine waits for."""

    NEW = "new"
    SPEAKING = "speaking"
    PROMPTING = "prompting"
    LISTENING = "listening"
    GATHERING = "gathering"
    WAITING = "waiting"
    RECORDING = "recording"
    ENDED = "ended"


class Trigger(StrEnum):
    """What moves it."""

    STARTED = "started"
    DIGIT = "digit"
    PROMPT_FINISHED = "prompt_finished"
    TIMED_OUT = "timed_out"
    ANSWERED = "answered"
    SILENT = "silent"
    CALLER_LEFT = "caller_left"


MEANING: Mapping[Phase, str] = {
    Phase.NEW: "not started",
    Phase.SPEAKING: "says something to which no answer is expected (greeting, play, read back, goodbye)",
    Phase.PROMPTING: "asks a menu or a number; a key cuts it short when barge-in is allowed",
    Phase.LISTENING: "waits for the first key",
    Phase.GATHERING: "waits for the next digit of a number",
    Phase.WAITING: "waits for a look-up, or for a callback or a message to be written down; keys are kept for later",
    Phase.RECORDING: "records the caller's message",
    Phase.ENDED: "handed the caller to a queue, hung up, or the caller left; nothing comes after it",
}

_AFTER_WALK = frozenset({Phase.SPEAKING, Phase.PROMPTING, Phase.WAITING, Phase.ENDED})
_AFTER_SPEECH = _AFTER_WALK | {Phase.RECORDING}
_AFTER_DIGIT = _AFTER_WALK | {Phase.LISTENING, Phase.GATHERING}
_ENDED = frozenset({Phase.ENDED})

# One turn may walk through several nodes, so a pair leads to a set of phases; a pair that is absent does not occur.
TRANSITIONS: Mapping[tuple[Phase, Trigger], frozenset[Phase]] = {
    (Phase.NEW, Trigger.STARTED): _AFTER_WALK,
    (Phase.NEW, Trigger.CALLER_LEFT): _ENDED,
    (Phase.SPEAKING, Trigger.DIGIT): _AFTER_DIGIT,
    (Phase.SPEAKING, Trigger.PROMPT_FINISHED): _AFTER_SPEECH,
    (Phase.SPEAKING, Trigger.TIMED_OUT): _AFTER_SPEECH,
    (Phase.SPEAKING, Trigger.CALLER_LEFT): _ENDED,
    (Phase.PROMPTING, Trigger.DIGIT): _AFTER_DIGIT,
    (Phase.PROMPTING, Trigger.PROMPT_FINISHED): frozenset({Phase.LISTENING}),
    (Phase.PROMPTING, Trigger.TIMED_OUT): frozenset({Phase.LISTENING}),
    (Phase.PROMPTING, Trigger.CALLER_LEFT): _ENDED,
    (Phase.LISTENING, Trigger.DIGIT): _AFTER_DIGIT,
    (Phase.LISTENING, Trigger.TIMED_OUT): _AFTER_WALK,
    (Phase.LISTENING, Trigger.CALLER_LEFT): _ENDED,
    (Phase.GATHERING, Trigger.DIGIT): _AFTER_DIGIT,
    (Phase.GATHERING, Trigger.TIMED_OUT): _AFTER_WALK,
    (Phase.GATHERING, Trigger.CALLER_LEFT): _ENDED,
    (Phase.WAITING, Trigger.DIGIT): frozenset({Phase.WAITING}),
    (Phase.WAITING, Trigger.ANSWERED): _AFTER_DIGIT,
    (Phase.WAITING, Trigger.TIMED_OUT): _AFTER_DIGIT,
    (Phase.WAITING, Trigger.CALLER_LEFT): _ENDED,
    (Phase.RECORDING, Trigger.DIGIT): frozenset({Phase.RECORDING, Phase.WAITING}),
    (Phase.RECORDING, Trigger.SILENT): frozenset({Phase.WAITING}),
    (Phase.RECORDING, Trigger.ANSWERED): _AFTER_WALK,
    (Phase.RECORDING, Trigger.TIMED_OUT): frozenset({Phase.WAITING}),
    (Phase.RECORDING, Trigger.CALLER_LEFT): _ENDED,
}


def draw() -> str:
    """The page `docs/states/ivr.md`: the phases, a Mermaid diagram and the table."""
    lines = ["# States of the IVR machine", "", "Drawn from `ivr/transitions.py` by `python -m ivr.transitions`.", ""]
    lines += [f"- **{phase}**: {meaning}" for phase, meaning in MEANING.items()]
    lines += ["", "```mermaid", "stateDiagram-v2", f"    [*] --> {Phase.NEW}"]
    for (phase, trigger), targets in TRANSITIONS.items():
        lines += [f"    {phase} --> {target}: {trigger}" for target in sorted(targets)]
    lines += [f"    {Phase.ENDED} --> [*]", "```", "", "| phase | trigger | next phase |", "|---|---|---|"]
    for (phase, trigger), targets in TRANSITIONS.items():
        lines.append(f"| {phase} | {trigger} | {', '.join(sorted(targets))} |")
    lines += [
        "",
        "A `prompt_finished` or an answer with the number of an earlier prompt or request, a deadline that has not",
        "passed, and everything after `ended` change nothing. Every phase from `speaking` to `recording` has a",
        "deadline.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(draw(), end="")
