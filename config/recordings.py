"""Whether and how the calls of a queue are recorded: the table `recording` of a row of queues.toml."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from ivr.reading import Table, suggest

RULES = ("never", "always", "announced", "consent")
PAUSERS = ("agents", "programs")
_DIGIT = re.compile(r"[0-9*#]")


@dataclass(frozen=True, slots=True)
class RecordingConfig:
    """`rule`: never, always, announced (the caller is told first) or consent (asked first, and presses `digit`).

    `prompts` tell or ask (a bare name is in the caller's language); `answer_us` is how long a digit is waited for
    after them. `pause`: who may pause; no pause is longer than `longest_pause_us`. `keep_days` 0 is for ever.
    `share`: so many calls of a hundred.
    """

    rule: str = "never"
    prompts: tuple[str, ...] = ()
    digit: str = "1"
    answer_us: int = 6_000_000
    pause: tuple[str, ...] = PAUSERS
    longest_pause_us: int = 120_000_000
    keep_days: int = 90
    share: int = 100


def read_recording(queue: Table, medium: str, prompts: Collection[str], languages: Collection[str]) -> RecordingConfig:
    """From the key `recording` of a queue's row."""
    if not queue.has("recording"):
        return RecordingConfig()
    table = queue.table("recording")
    rule = table.choice("rule", RULES)
    found = RecordingConfig(
        rule=rule if rule in RULES else "never",
        prompts=table.texts("prompts", ()),
        digit=table.text("digit", "1"),
        answer_us=table.seconds("answer_s", 6, low=1, high=60),
        pause=table.names("pause", PAUSERS, PAUSERS),
        longest_pause_us=table.seconds("longest_pause_s", 120, low=5, high=3600),
        keep_days=table.integer("keep_days", 90, high=36_500),
        share=table.integer("share", 100, low=1, high=100),
    )
    table.finish()
    if medium != "voice":
        queue.problem("recording", "is for calls only", "take it out")
    _check_asking(found, table)
    _check_prompts(found, table, prompts, languages)
    return found


def _check_asking(found: RecordingConfig, table: Table) -> None:
    if found.rule in ("announced", "consent") and not found.prompts:
        table.problem("prompts", "are missing: the caller is to be told", 'prompts = ["recording-notice"]')
    if found.rule in ("never", "always") and found.prompts:
        table.problem("prompts", f'are never played with the rule "{found.rule}"', 'rule = "announced"')
    for key in ("digit", "answer_s"):
        if found.rule != "consent" and key in table.values:
            table.problem(key, "has no effect: nobody is asked", 'rule = "consent"')
    if not _DIGIT.fullmatch(found.digit):
        table.problem("digit", f'"{found.digit}" is no key of a telephone', "one of 0-9 * #")


def _check_prompts(found: RecordingConfig, table: Table, prompts: Collection[str], languages: Collection[str]) -> None:
    """A bare name must exist in every language: any caller may end up in the queue."""
    for index, prompt in enumerate(found.prompts):
        for name in [prompt] if "/" in prompt else [f"{language}/{prompt}" for language in languages]:
            if name not in prompts:
                table.problem(f"prompts[{index}]", f'there is no prompt "{name}"', suggest(name, prompts))
