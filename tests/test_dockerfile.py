"""The Dockerfile without an engine: what it copies exists and suffices, and what it starts is what the README says."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from tests.e2e.server import END_S, READY_S
from tests.ports import free_port, rtp_block

ROOT = Path(__file__).resolve().parent.parent
LINES = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines()


def instructions(name: str) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in LINES if line.startswith(f"{name} ")]


def copied() -> list[str]:
    """What it takes from this folder."""
    return [source for line in instructions("COPY") if not line.startswith("--from") for source in line.split()[:-1]]


def test_everything_copied_exists_and_is_let_through() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for source in copied():
        assert (ROOT / source).exists(), source
        assert source in allowed, source


def made(folder: Path) -> Path:
    """The image's own folder, by its COPY lines, compiled by its last RUN line; not written to afterwards."""
    folder.mkdir()
    for source in copied():
        target = folder / source
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / source, target)
    [compiles] = [line for line in instructions("RUN") if "compileall" in line]
    name, *arguments = compiles.split()
    assert name == "python"
    subprocess.run([sys.executable, *arguments], cwd=folder, check=True, timeout=120)
    return folder


def variables() -> dict[str, str]:
    """What its ENV lines set, but for PATH, which is the interpreter's of this machine."""
    words = " ".join(instructions("ENV")).split()
    return {name: value for name, _, value in (word.partition("=") for word in words) if name != "PATH"}


def test_what_is_copied_runs_by_its_own_command_and_is_found_ready(tmp_path: Path) -> None:
    """As the image does: its files alone, its variables, what it compiled, command, health check and signal."""
    folder = made(tmp_path / "app")
    sources = {one.relative_to(folder) for one in folder.rglob("*.py")}
    compiled = {one.parent.parent.relative_to(folder) / f"{one.stem.split('.')[0]}.py" for one in folder.rglob("*.pyc")}
    assert compiled == sources
    first, last = rtp_block()
    own = {
        "JACKFIELD_DATA_DIR": str(tmp_path / "data"),
        "JACKFIELD_HTTP_PORT": str(free_port()),
        "JACKFIELD_SIP_PORT": str(free_port(socket.SOCK_STREAM, socket.SOCK_DGRAM)),
        "JACKFIELD_RTP_PORTS": f"{first}-{last}",
    }
    assert variables().keys() >= {"JACKFIELD_DATA_DIR", "PYTHONDONTWRITEBYTECODE"}
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **variables(), **own}
    [entry], [command] = instructions("ENTRYPOINT"), instructions("CMD")
    run = [sys.executable, *json.loads(entry)[1:], *json.loads(command)]
    asks = [sys.executable, *json.loads(instructions("HEALTHCHECK")[0].split(" CMD ")[1])[1:]]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(run, cwd=folder, env=environment, stderr=log) as server:
        try:
            end = time.monotonic() + READY_S
            while subprocess.run(asks, cwd=folder, env=environment, capture_output=True).returncode:
                assert server.poll() is None, (tmp_path / "log").read_text()[-3000:]
                assert time.monotonic() < end, (tmp_path / "log").read_text()[-3000:]
                time.sleep(0.2)
            server.send_signal(signal.Signals[instructions("STOPSIGNAL")[0]])
            assert server.wait(END_S) == 0
        finally:
            server.kill()
    assert {one.relative_to(folder) for one in folder.rglob("*.py")} == sources
    assert len(list(folder.rglob("*.pyc"))) == len(sources), "nothing is written beside what was copied"


def test_it_runs_unprivileged_and_starts_the_server() -> None:
    assert instructions("USER") == ["jackfield"]
    assert instructions("ENTRYPOINT") == ['["python", "-m", "server"]']
    assert instructions("CMD") == ['["run"]']


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
    assert requires_python(ROOT / "pyproject.toml") <= image_python()


def requires_python(file: Path) -> tuple[int, ...]:
    return version(tomllib.loads(file.read_text())["project"]["requires-python"].removeprefix(">="))


def image_python() -> tuple[int, ...]:
    """The same in both stages: the environment that the first makes is copied to the second, with links to it."""
    [image] = {line.split()[0] for line in instructions("FROM")}
    return version(image.removeprefix("python:").split("-")[0])


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def test_the_readme_says_how_to_build_and_run_it() -> None:
    """With the folder that it keeps its data in, and the name that the first lines give."""
    said = [line.lstrip("# ") for line in LINES if line.startswith("#   docker")]
    assert " && ".join(said) in (ROOT / "README.md").read_text()
    assert f":{instructions('VOLUME')[0]} " in said[-1]
    assert variables()["JACKFIELD_DATA_DIR"] == instructions("VOLUME")[0]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-postgres.lock", "requirements-dev.lock"])
def test_locks_name_no_host_and_agree(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"https?://|file:|^--", text, re.MULTILINE)
    pins = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
    assert dict(pins.findall((ROOT / "requirements.lock").read_text())).items() <= dict(pins.findall(text)).items()
