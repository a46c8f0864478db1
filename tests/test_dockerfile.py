"""The Dockerfile without an engine: what it copies exists and suffices, and what it starts is what the README says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LINES = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines()


def instructions(name: str) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in LINES if line.startswith(f"{name} ")]


def copied() -> list[str]:
    """What the final image takes from this folder."""
    sources: list[str] = []
    for line in instructions("COPY"):
        if not line.startswith("--from"):
            sources += line.split()[:-1]
    return sources


def test_everything_copied_exists_and_is_let_through() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for source in copied():
        assert (ROOT / source).exists(), source
        assert source in allowed, source


def test_the_copied_packages_alone_run_the_commands(tmp_path: Path) -> None:
    for source in copied():
        (tmp_path / source).symlink_to(ROOT / source)
    arguments = ["-m", "server", "check-config"]
    done = subprocess.run([sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "no mistakes" in done.stdout


def test_it_runs_unprivileged_and_starts_the_server() -> None:
    assert instructions("USER") == ["jackfield"]
    assert instructions("ENTRYPOINT") == ['["python", "-m", "server"]']
    assert instructions("CMD")[-1] == '["run"]'


def test_the_ports_are_the_settings_defaults() -> None:
    from config.settings import parse

    settings = parse([], {})
    first, last = settings.rtp_ports
    assert instructions("EXPOSE") == [
        f"{settings.http_port}/tcp {settings.sip_port}/tcp {settings.sip_port}/udp {first}-{last}/udp"
    ]


def test_every_variable_it_sets_is_a_setting() -> None:
    from config.settings import SETTINGS

    known = {setting.variable for setting in SETTINGS}
    named = set(re.findall(r"JACKFIELD_\w+", "\n".join(LINES)))
    assert named <= known


def test_dependencies_come_from_the_lock_with_hashes() -> None:
    assert any("--require-hashes -r requirements-postgres.lock" in line for line in instructions("RUN"))


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-postgres.lock", "requirements-dev.lock"])
def test_locks_name_no_host_and_agree(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"https?://|file:|^--", text, re.MULTILINE)
    pins = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
    assert dict(pins.findall((ROOT / "requirements.lock").read_text())).items() <= dict(pins.findall(text)).items()
