"""A queue's rule of recording, and every mistake in one, by its key."""

import tomllib

import pytest

from config.queue_rows import QueueNames, read_queue
from config.recordings import RecordingConfig
from ivr.reading import FlowProblem, Table

NAMES = QueueNames(
    skills=(),
    teams=(),
    dispositions=(),
    prompts=("music/hold", "tone/beep", "en/notice", "zh/notice", "en/question"),
    languages=("en", "zh"),
)


def read(recording: str, medium: str = "voice") -> tuple[RecordingConfig, list[FlowProblem]]:
    problems: list[FlowProblem] = []
    row = tomllib.loads(f'title = "Orders"\nmedium = "{medium}"\nservice_level = {{}}\n[recording]\n{recording}')
    return read_queue("orders", Table(row, "orders", problems), NAMES).recording, problems


def test_everything_can_be_said() -> None:
    found, problems = read(
        'rule = "consent"\nprompts = ["notice", "tone/beep"]\ndigit = "9"\nanswer_s = 4\npause = ["agents"]\n'
        "longest_pause_s = 30\nkeep_days = 7\nshare = 20"
    )
    assert problems == []
    assert found == RecordingConfig(
        "consent", ("notice", "tone/beep"), "9", 4_000_000, ("agents",), 30_000_000, keep_days=7, share=20
    )


def test_without_a_word_of_it_nothing_is_recorded() -> None:
    problems: list[FlowProblem] = []
    row = tomllib.loads('title = "Orders"\nmedium = "voice"\nservice_level = {}')
    assert read_queue("orders", Table(row, "orders", problems), NAMES).recording == RecordingConfig()
    assert (problems, RecordingConfig().rule) == ([], "never")


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("share = 10", "rule"),
        ('rule = "sometimes"', "rule"),
        ('rule = "announced"', "prompts"),
        ('rule = "consent"', "prompts"),
        ('rule = "always"\nprompts = ["notice"]', "prompts"),
        ('rule = "announced"\nprompts = ["question"]', "prompts[0]"),
        ('rule = "announced"\nprompts = ["notice", "tone/bop"]', "prompts[1]"),
        ('rule = "announced"\nprompts = ["notice"]\ndigit = "1"', "digit"),
        ('rule = "announced"\nprompts = ["notice"]\nanswer_s = 3', "answer_s"),
        ('rule = "consent"\nprompts = ["notice"]\ndigit = "12"', "digit"),
        ('rule = "always"\npause = ["customers"]', "pause[0]"),
        ('rule = "always"\nkeep_days = -1', "keep_days"),
        ('rule = "always"\nshare = 0', "share"),
        ('rule = "always"\nkeepdays = 3', "keepdays"),
    ],
)
def test_a_mistake_is_told_by_its_key(written: str, path: str) -> None:
    assert [problem.path for problem in read(written)[1]] == [f"orders.recording.{path}"]


def test_chats_are_not_recorded() -> None:
    _, problems = read('rule = "always"', medium="chat")
    assert "orders.recording" in [problem.path for problem in problems]
