"""compose.yaml without an engine: it hangs together, fits the Dockerfile, and what it tells the server is accepted."""

import re
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import SETTINGS, parse
from tests.test_dockerfile import instructions
from tests.valkey import tcp_server

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DEFAULTED = re.compile(r"\$\{([A-Z_]+):-([^}]*)\}")


def filled(text: object, given: dict[str, str] | None = None) -> str:
    """As compose replaces ${NAME:-default}."""
    return DEFAULTED.sub(lambda found: (given or {}).get(found[1]) or found[2], str(text))


def environment(given: dict[str, str] | None = None) -> dict[str, str]:
    return {name: filled(value, given) for name, value in SERVICES["server"]["environment"].items()}


def test_the_services() -> None:
    assert set(SERVICES) == {"server", "redis", "postgres"}
    assert SERVICES["postgres"]["profiles"] == ["postgres"]
    assert [name for name, service in SERVICES.items() if "profiles" not in service] == ["server", "redis"]
    assert (SERVICES["server"]["build"], SERVICES["server"]["network_mode"]) == (".", "host")


def test_every_variable_of_the_server_is_a_setting_with_its_default() -> None:
    settings = {setting.variable: setting for setting in SETTINGS}
    own = {"JACKFIELD_REDIS_URL", "JACKFIELD_NODE"}
    for name, value in environment().items():
        assert name in settings
        if name not in own:
            assert value == settings[name].default, name
    for name, value in SERVICES["server"]["environment"].items():
        if name != "JACKFIELD_REDIS_URL":
            assert DEFAULTED.fullmatch(str(value)), f"{name} cannot be set from outside"


def test_the_server_takes_these_settings() -> None:
    settings = parse([], environment())
    assert settings.on_loopback
    assert settings.redis_url == "redis://127.0.0.1:6379/0"
    assert settings.database_url.startswith("sqlite")
    url = next(line for line in (ROOT / "compose.yaml").read_text().splitlines() if "JACKFIELD_DATABASE_URL=" in line)
    shown = url.split("JACKFIELD_DATABASE_URL=")[1].split()[0]
    open_to_all = {"JACKFIELD_BIND": "0.0.0.0", "JACKFIELD_ADVERTISE": "192.0.2.7", "JACKFIELD_DATABASE_URL": shown}
    assert parse([], environment(open_to_all)).database_url == shown


def test_others_are_reached_where_they_listen_and_only_from_this_machine() -> None:
    for name, port in (("redis", 6379), ("postgres", 5432)):
        assert SERVICES[name]["ports"] == [f"127.0.0.1:{port}:{port}"]
        assert "network_mode" not in SERVICES[name]
    owner = SERVICES["postgres"]["environment"]
    assert owner["POSTGRES_USER"] == owner["POSTGRES_DB"] == "jackfield"


def test_whoever_keeps_something_has_a_volume() -> None:
    mounted = {name: service["volumes"] for name, service in SERVICES.items()}
    assert mounted == {
        "server": [f"jackfield-data:{instructions('VOLUME')[0]}"],
        "redis": ["redis-data:/data"],
        "postgres": ["postgres-data:/var/lib/postgresql/data"],
    }
    assert set(COMPOSE["volumes"]) == {volume.split(":")[0] for [volume] in mounted.values()}


def test_the_server_waits_for_those_it_needs() -> None:
    needed = SERVICES["server"]["depends_on"]
    assert needed["redis"] == {"condition": "service_healthy"}
    assert needed["postgres"] == {"condition": "service_healthy", "required": False}
    for name in (*needed, "server"):
        assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
        assert SERVICES[name]["restart"] == "unless-stopped"


def test_the_health_check_is_the_images_own() -> None:
    [check] = instructions("HEALTHCHECK")
    command = check.split(" CMD ")[1]
    assert yaml.safe_load(command) == SERVICES["server"]["healthcheck"]["test"][1:]


@pytest.mark.parametrize("fsync", ["everysec", "always"])
def test_a_real_valkey_takes_the_command_line_and_keeps_what_the_store_needs(tmp_path: Path, fsync: str) -> None:
    name, *options = [filled(word, {"REDIS_APPENDFSYNC": fsync}) for word in SERVICES["redis"]["command"]]
    assert name == "valkey-server"
    with tcp_server(tmp_path / "valkey", *options) as (_, port), socket.create_connection(("127.0.0.1", port)) as link:
        for key, value in (("appendonly", "yes"), ("appendfsync", fsync), ("maxmemory-policy", "noeviction")):
            link.sendall(f"CONFIG GET {key}\r\n".encode())
            assert link.recv(1000).decode().split("\r\n")[4] == value
