"""webhooks.toml: optional, and each mistake named."""

from pathlib import Path

import pytest

from config.problems import ConfigProblems
from config.webhooks import FILE, load_hooks

KINDS = ("work.queued", "work.closed")


def write(folder: Path, text: str) -> Path:
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


def test_a_site_without_hooks(tmp_path: Path) -> None:
    assert dict(load_hooks(tmp_path, KINDS, {})) == {}


def test_hooks(tmp_path: Path) -> None:
    text = """
[hooks.crm]
url = "https://crm.example/hook"
events = ["work.closed"]
secret_env = "CRM_SECRET"
[hooks.all]
url = "http://127.0.0.1:9/"
events = ["*"]
secret_env = "CRM_SECRET"
"""
    hooks = load_hooks(write(tmp_path, text), KINDS, {"CRM_SECRET": "s"})
    assert hooks["crm"].events == {"work.closed"}
    assert hooks["all"].events == set(KINDS)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ('url = "ftp://x"', "hooks.crm.url"),
        ('events = ["work.eaten"]', "hooks.crm.events[0]"),
        ('secret_env = "NOT_SET"', "hooks.crm.secret_env"),
        ('sekret = "x"', "hooks.crm.sekret"),
    ],
)
def test_mistakes(tmp_path: Path, line: str, path: str) -> None:
    rows = {"url": 'url = "http://x/"', "events": 'events = ["*"]', "secret_env": 'secret_env = "CRM_SECRET"'}
    rows[line.partition(" ")[0]] = line
    with pytest.raises(ConfigProblems) as caught:
        load_hooks(write(tmp_path, "[hooks.crm]\n" + "\n".join(rows.values())), KINDS, {"CRM_SECRET": "s"})
    assert [problem.path for problem in caught.value.problems] == [path]


def test_a_name_that_the_records_cannot_keep(tmp_path: Path) -> None:
    row = 'url = "http://x/"\nevents = ["*"]\nsecret_env = "S"\n'
    with pytest.raises(ConfigProblems, match="more than 64 characters"):
        load_hooks(write(tmp_path, f"[hooks.{'h' * 65}]\n{row}"), KINDS, {"S": "s"})


def test_not_toml(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblems, match=FILE):
        load_hooks(write(tmp_path, "[hooks"), KINDS, {})
