"""The commands of `python -m server`. (tests/e2e has `run`.)"""

import asyncio
import io
import subprocess
import sys
from pathlib import Path
from pkgutil import resolve_name

import pytest

import config
from records.accounts import Accounts
from records.database import Database, sqlite_url
from records.phones import Phones, phone_secret
from server.calls.telephony import REALM
from server.commands.cli import BARE_COMMANDS, COMMANDS, main
from tests.e2e.server import ROOT
from tests.server.sites import DEMO

PASSWORD = "long enough to be one"


def site_and_data(data: Path, site: Path = DEMO) -> list[str]:
    return ["--data-dir", str(data), "--site", str(site)]


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{text}\n"))


async def stored(data: Path) -> tuple[bool, bool]:
    """Whether agent1 signs in with the password, and phone 2001 has it."""
    database = await Database.open(sqlite_url(data / "jackfield.db"))
    try:
        account = await Accounts(database).verify("agent1", PASSWORD)
        secret = await Phones(database).get("2001", REALM)
        return account is not None, secret == phone_secret("2001", REALM, PASSWORD)
    finally:
        await database.close()


def test_a_right_site_is_said_to_be_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-config", *site_and_data(tmp_path)]) == 0
    assert "no mistakes" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [], "checking leaves nothing"


def test_a_wrong_site_is_status_2_with_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "site.toml").write_text("name = 5\n")
    assert main(["check-config", *site_and_data(tmp_path, tmp_path)]) == 2
    assert "site.toml" in capsys.readouterr().err


def test_a_bad_setting_is_status_2_with_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-config", "--http-port", "many"]) == 2
    assert "--http-port" in capsys.readouterr().err


def test_a_command_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_passwords_of_accounts_and_phones_are_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = next(agent.agent_id for agent in config.load(DEMO).agents.values() if agent.sip_user == "2001")
    typed(monkeypatch, PASSWORD)
    assert main(["set-password", "agent1", "--from-stdin", *site_and_data(tmp_path)]) == 0
    typed(monkeypatch, PASSWORD)
    assert main(["set-phone-password", phone, "--from-stdin", *site_and_data(tmp_path)]) == 0
    assert asyncio.run(stored(tmp_path)) == (True, True)


@pytest.mark.parametrize(
    ("command", "agent", "password", "said"),
    [
        ("set-password", "nobody", PASSWORD, "no agent 'nobody'"),
        ("set-phone-password", "agent1", PASSWORD, "no agent 'agent1' with a SIP phone"),
        ("set-password", "agent1", "short", "at least 10 characters"),
        ("set-password", "agent1", config.load(DEMO).demo_password, "not the demo's"),
    ],
)
def test_what_cannot_be_done_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    agent: str,
    password: str,
    said: str,
) -> None:
    typed(monkeypatch, password)
    assert main([command, agent, "--from-stdin", *site_and_data(tmp_path)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("where", [where for _, where, _ in (*COMMANDS, *BARE_COMMANDS)])
def test_each_command_is_where_the_table_says(where: str) -> None:
    assert callable(resolve_name(where))


def test_a_command_that_needs_no_server_does_not_load_one() -> None:
    checked = "from server.commands.cli import main; main(['check-config'])"
    code = f"import sys; {checked}; sys.exit('server.node' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
