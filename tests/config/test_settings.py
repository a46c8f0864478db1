"""Settings: flags, variables, defaults, what is refused, and the page."""

import argparse
from dataclasses import fields
from pathlib import Path

import pytest

from config.settings import SETTINGS, Settings, SettingsError, add_arguments, page, parse


def test_the_defaults_are_safe_and_whole() -> None:
    settings = parse([], {})
    assert settings.bind == settings.advertise == "127.0.0.1"
    assert (settings.http_port, settings.sip_port, settings.rtp_ports) == (8080, 5060, (16384, 18383))
    assert settings.redis_url == ""
    assert settings.database_url == "sqlite+aiosqlite:///data/jackfield.db"
    assert (settings.lease_us, settings.session_us) == (2_000_000, 43_200_000_000)
    assert settings.node.endswith("-8080")
    assert settings.site == Path("config/demo")
    assert settings.on_loopback


def test_a_flag_wins_over_the_variable_and_that_over_the_default() -> None:
    environ = {"JACKFIELD_HTTP_PORT": "9000", "JACKFIELD_SIP_PORT": "6000", "PATH": "/bin"}
    settings = parse(["--http-port", "9001"], environ)
    assert (settings.http_port, settings.sip_port) == (9001, 6000)


def test_what_follows_from_other_settings() -> None:
    settings = parse(["--data-dir", "/tmp/x", "--bind", "localhost", "--node", "left"], {})
    assert settings.database_url == "sqlite+aiosqlite:////tmp/x/jackfield.db"
    assert settings.bind == "127.0.0.1"
    assert settings.node == "left"
    outside = parse(["--bind", "0.0.0.0", "--advertise", "192.0.2.7"], {})
    assert not outside.on_loopback
    assert outside.advertise == "192.0.2.7"


def test_tls_needs_both_files_and_gives_the_addresses(tmp_path: Path) -> None:
    pem = tmp_path / "both.pem"
    pem.touch()
    settings = parse([f"--tls-cert={pem}", f"--tls-key={pem}", "--sip-tls-port=5061", "--bind=::1"], {})
    assert (settings.tls_cert, settings.tls_key, settings.sip_tls_port) == (pem, pem, 5061)
    assert settings.base_url == "https://[::1]:8080"
    assert parse([], {}).base_url == "http://127.0.0.1:8080"
    with pytest.raises(SettingsError, match=r"--tls-cert and --tls-key .* together"):
        parse([f"--tls-cert={pem}"], {})
    with pytest.raises(SettingsError, match=r"--sip-tls-port .* needs --tls-cert"):
        parse(["--sip-tls-port=5061"], {})


BAD = {
    "BIND": "everywhere",
    "PUBLIC_URL": "node1.example.com",
    "ADVERTISE": "example",
    "HTTP_PORT": "70000",
    "PEER_PORT": "-1",
    "TLS_CERT": "no/such/file.pem",
    "TLS_KEY": "no/such/file.pem",
    "TRUSTED_PROXIES": "10.0.0.1/8",
    "PROXY_HEADER": "via",
    "SIP_PORT": "x",
    "SIP_TLS_PORT": "-1",
    "SIP_OFFENCES": "-1",
    "SIP_BAN_S": "0",
    "SIP_SPARED": "10.0.0.1/8",
    "RTP_PORTS": "2000",
    "DATA_DIR": "",
    "REDIS_URL": "http://x",
    "FSYNC": "never",
    "REPLICAS": "99",
    "DATABASE_URL": "mysql://x",
    "SITE": "",
    "LOG_LEVEL": "loud",
    "LOG_FORMAT": "xml",
    "MEDIA_WORKERS": "0",
    "NODE": "a b",
    "SHARD": "South",
    "LEASE_MS": "5",
    "DRAIN_S": "-1",
    "DRAIN_CALLS": "away",
    "SESSION_HOURS": "-1",
    "JOURNAL_DAYS": "a month",
    "IDLE": "dream",
}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_bad_value_names_flag_variable_value_and_what_is_expected(setting: object) -> None:
    assert hasattr(setting, "name")
    name = setting.name
    with pytest.raises(SettingsError) as caught:
        parse([], {f"JACKFIELD_{name}": BAD[name]})
    text = str(caught.value)
    assert f"--{name.lower().replace('_', '-')} (or JACKFIELD_{name})" in text
    assert f'is "{BAD[name]}": ' in text
    assert text.endswith("expected") or "expected," in text


def test_all_bad_values_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        parse(["--http-port", "x"], {"JACKFIELD_LEASE_MS": "x"})
    assert len(str(caught.value).splitlines()) == 2


def test_a_mistyped_variable_is_refused() -> None:
    with pytest.raises(SettingsError, match="JACKFIELD_HTTP_PROT: there is no such setting"):
        parse([], {"JACKFIELD_HTTP_PROT": "1"})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--http-port=5060"], "--sip-port and --http-port are both 5060"),
        (["--peer-port=8080"], "--peer-port and --http-port are both 8080"),
        (["--replicas=1"], "--replicas (or JACKFIELD_REPLICAS) is for a server of --redis-url"),
    ],
)
def test_settings_that_do_not_go_together(words: list[str], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(words, {})
    assert str(caught.value).startswith(said)


def test_the_name_of_a_long_host_leaves_room_for_its_incarnations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "h" * 64)
    assert parse([], {}).node == "h" * 49 + "-8080"


def test_binding_everywhere_needs_an_address_for_others() -> None:
    with pytest.raises(SettingsError, match=r"--advertise \(or JACKFIELD_ADVERTISE\) is needed"):
        parse(["--bind", "0.0.0.0"], {})


def test_table_dataclass_and_help_agree() -> None:
    renamed = {"lease_ms": "lease_us", "session_hours": "session_us", "sip_ban_s": "sip_ban_us"}
    names = [renamed.get(setting.name.lower(), setting.name.lower()) for setting in SETTINGS]
    assert names == [field.name for field in fields(Settings)]
    assert set(BAD) == {setting.name for setting in SETTINGS}
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    text = parser.format_help()
    for setting in SETTINGS:
        assert setting.flag in text
        assert setting.variable in text


def test_the_page_is_up_to_date() -> None:
    path = Path(__file__).parents[2] / "docs" / "settings.md"
    assert path.read_text(encoding="utf-8") == page(), "run: python -m config.settings > docs/settings.md"
