"""What pages say of settings, files, programs and units is so."""

import re
from configparser import ConfigParser
from pathlib import Path

import pytest

from config.settings import SETTINGS, parse
from tests.test_dockerfile import instructions

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = ("*.md", "docs/*.md", "docs/adr/*.md", "config/*.md", "tools/*/*.md")
PAGES = sorted(page.relative_to(ROOT) for pattern in WRITTEN for page in ROOT.glob(pattern))
# The folders of code, of which pages name files and programs.
OWN = "|".join(sorted({path.parent.name for path in ROOT.glob("*/*.py")} | {"config", "docs", "frontend", "tests"}))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_variable_on_a_page_is_a_setting(page: Path) -> None:
    known = {setting.variable for setting in SETTINGS} | {"JACKFIELD_"}
    named = set(re.findall(r"\bJACKFIELD_[A-Z_]*", (ROOT / page).read_text(encoding="utf-8")))
    assert named <= known


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", (ROOT / page).read_text(encoding="utf-8")):
        if "://" not in target:
            assert (ROOT / page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = set(re.findall(rf"`((?:{OWN})/[\w/.-]+\.\w+)`", (ROOT / page).read_text(encoding="utf-8")))
    assert {name for name in named if not (ROOT / name).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_program_that_a_page_starts_is_there(page: Path) -> None:
    started = set(re.findall(rf"python -m ((?:{OWN})\b[\w.]*)", (ROOT / page).read_text(encoding="utf-8")))
    paths = {name: ROOT / name.rstrip(".").replace(".", "/") for name in started}
    assert {name for name, path in paths.items() if not (path.is_dir() or path.with_suffix(".py").exists())} == set()


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_target_that_a_page_makes_is_there(page: Path) -> None:
    made = set(re.findall(r"(?m)(?:`|^ {4}|&& )make ([a-z0-9]+)", (ROOT / page).read_text(encoding="utf-8")))
    assert made <= set(re.findall(r"(?m)^([a-z0-9]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))


def unit() -> ConfigParser:
    """The systemd unit on docs/deploy.md."""
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    lines = text.split("jackfield.service\n")[1].split("\n\n`")[0].splitlines()
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string("\n".join(line.strip() for line in lines))
    return parser


def test_the_unit_starts_the_server_with_settings_that_exist() -> None:
    service = unit()["Service"]
    assert service["ExecStart"].endswith("/.venv/bin/python -m server run")
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert service["KillSignal"] == instructions("STOPSIGNAL")[0], "as in the image"
    # A node that lost its shard ends with status 1, and one that was drained with 0.
    ends = (service["Restart"], int(service["RestartSec"]), unit()["Unit"]["StartLimitIntervalSec"])
    assert ends == ("on-failure", 1, "0")
    environ = dict(pair.split("=", 1) for pair in service["Environment"].split())
    settings = parse([], environ)
    assert settings.log_format == "json"
    assert settings.data_dir == Path("/var/lib") / service["StateDirectory"], "all else is read-only for the unit"
