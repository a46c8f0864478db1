"""A site's folder as one: all mistakes together, versions, and what differs."""

import re
import shutil
from pathlib import Path

import pytest

from config.problems import ConfigProblems
from config.whole import WholeSite, changes, load_whole
from tests.config.conftest import DEMO

KINDS = ("work.queued",)
HOOK = '[hooks.crm]\nurl = "http://127.0.0.1:9/"\nevents = ["*"]\nsecret_env = "CRM_SECRET"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEMO, tmp_path / "site"))


def read(folder: Path, **environ: str) -> WholeSite:
    return load_whole(folder, KINDS, environ)


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def test_the_same_files_are_the_same_version(folder: Path) -> None:
    before, after = read(folder), read(folder)
    assert before.version == after.version
    assert changes(before, after) == {}


def test_every_section_is_compared_and_only_names_are_told(folder: Path) -> None:
    before = read(folder)
    append(folder / "queues.toml", '\n[returns]\ntitle = "Returns"\nmedium = "voice"\n')
    chats = folder / "chats.toml"
    chats.write_text(re.sub(r"(?m)^agent_away_s = \d+", "agent_away_s = 7", chats.read_text()))
    append(folder / "teams.toml", '\n[third_line]\ntitle = "Third line"\n')
    text = (folder / "site.toml").read_text()
    (folder / "site.toml").write_text(text.replace('time_zone = "', 'time_zone = "UTC" # "'))
    (folder / "webhooks.toml").write_text(HOOK)
    sound = folder / "prompts" / "en" / "digit-1.wav"
    sound.write_bytes((folder / "prompts" / "en" / "digit-2.wav").read_bytes())
    flow = folder / "flows" / "main.toml"
    flow.write_text(flow.read_text().replace('title = "', 'title = "New: ', 1))
    after = read(folder, CRM_SECRET="a secret nobody prints")
    found = changes(before, after)
    assert found["queues"] == {"added": ("returns",)}
    assert found["teams"] == {"added": ("third_line",)}
    assert found["site"]["changed"] == ("time_zone",)
    assert found["hooks"] == {"added": ("crm",)}
    assert found["chats"] == {"changed": ("agent_away_us",)}
    assert found["prompts"] == {"changed": ("prompts/en/digit-1.wav",)}
    assert found["flows"] == {"changed": ("main",)}
    assert after.version != before.version
    assert "nobody" not in str(found)
    assert changes(after, before)["queues"] == {"removed": ("returns",)}


def test_the_mistakes_of_all_files_come_together(folder: Path) -> None:
    append(folder / "chats.toml", '\n[entries.bad]\nchannel = "web_widget"\nqueue = "nowhere"\n')
    (folder / "webhooks.toml").write_text(HOOK)
    (folder / "flows" / "tests" / "bad.toml").write_text('[[test]]\ntitle = "x"\nflow = "nowhere"\nsteps = []\n')
    with pytest.raises(ConfigProblems) as caught:
        read(folder)
    assert {"chats.toml", "webhooks.toml", "flows/tests/bad.toml"} <= {each.file for each in caught.value.problems}


def test_hooks_are_checked_beside_a_site_that_does_not_load(folder: Path) -> None:
    append(folder / "teams.toml", "\n[third_line]\n")
    (folder / "webhooks.toml").write_text(HOOK)
    with pytest.raises(ConfigProblems) as caught:
        read(folder)
    assert [each.file for each in caught.value.problems] == ["teams.toml", "webhooks.toml"]
