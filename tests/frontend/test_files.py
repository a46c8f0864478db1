"""What the pages must never contain, what they vendor, and that their colours can be read."""

import re
from pathlib import Path

import pytest

FRONTEND = Path(__file__).parents[2] / "frontend"
OURS = [path for path in FRONTEND.rglob("*.js") if "vendor" not in path.parts]
PAGES = sorted(FRONTEND.rglob("index.html"))
MODULES = [*OURS, *FRONTEND.glob("vendor/**/*.mjs")]


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_text_of_customers_can_only_be_text(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "style="):
        assert word not in source


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.parent.name)
def test_a_page_has_no_inline_code_and_says_so(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    policy = re.search(r'content="(default-src[^"]*)"', page)
    assert policy
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.parent.name)
def test_every_file_that_a_page_names_is_there(path: Path) -> None:
    for name in re.findall(r'(?:src|href)="([^"]+\.(?:js|css|svg))"', path.read_text(encoding="utf-8")):
        assert (FRONTEND / name.lstrip("/") if name.startswith("/") else path.parent / name).is_file(), name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_every_import_is_a_file_that_is_there(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    for name in re.findall(r'^\s*(?:import|export)\b[^;]*?from\s*"([^"]+)"', source, re.MULTILINE):
        assert name.startswith("."), name
        assert (path.parent / name).is_file(), name


def test_vendored_libraries_have_their_licence_and_version() -> None:
    readme = (FRONTEND / "vendor" / "README.md").read_text(encoding="utf-8")
    folders = [path for path in (FRONTEND / "vendor").iterdir() if path.is_dir()]
    assert {path.name for path in folders} == {"preact", "htm"}
    for folder in folders:
        assert (folder / "LICENSE").is_file()
        assert re.search(rf"\| `{folder.name}/` \| {folder.name} \| \d+\.\d+\.\d+ \|", readme)


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, 1.4.3."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


TEXT_ON = [
    *(("ink", ground) for ground in ("surface", "ground", "sunken", "accent-soft")),
    *(("ink-soft", ground) for ground in ("surface", "ground", "sunken")),
    ("accent-ink", "accent"),
    ("accent", "accent-soft"),
    ("accent", "surface"),
    ("surface", "good"),
    ("surface", "bad"),
    *((tone, f"{tone}-soft") for tone in ("good", "warn", "bad")),
    *((tone, "surface") for tone in ("good", "warn", "bad")),
]


def themes(sheet: str) -> tuple[dict[str, str], dict[str, str]]:
    css = (FRONTEND / sheet).read_text(encoding="utf-8")
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w{6});", part)) for part in css.split("prefers-color-scheme: dark"))
    return light, light | dark


def test_colours_have_enough_contrast_in_both_themes() -> None:
    for theme in themes("lib/base.css"):
        poor = {pair: round(contrast(theme[pair[0]], theme[pair[1]]), 2) for pair in TEXT_ON}
        assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}
        assert contrast(theme["line-strong"], theme["surface"]) >= 3, "borders of controls: WCAG 1.4.11"
        assert contrast(theme["focus"], theme["surface"]) >= 3


WIDGET_TEXT_ON = [
    *(("ink", ground) for ground in ("surface", "ground", "sunken", "bad-soft")),
    *(("ink-soft", ground) for ground in ("surface", "ground")),
    ("accent-ink", "accent"),
    ("head-ink", "head"),
    ("accent", "surface"),
    ("bad", "surface"),
    ("surface", "bad"),
    ("surface", "good"),
    ("warn", "warn-soft"),
]


def widget_themes() -> dict[str, dict[str, str]]:
    css = (FRONTEND / "widget" / "widget.css").read_text(encoding="utf-8")
    rules = re.findall(r"(\.root(?:\[data-theme=\"\w+\"\])?) \{([^}]*)\}", css)
    return {name: dict(re.findall(r"--([\w-]+): (#\w{6});", body)) for name, body in rules}


def test_the_widgets_colours_have_enough_contrast_in_both_themes() -> None:
    found = widget_themes()
    light, dark, auto = found[".root"], found['.root[data-theme="dark"]'], found['.root[data-theme="auto"]']
    assert dark == auto
    for theme in (light, light | dark):
        poor = {pair: round(contrast(theme[pair[0]], theme[pair[1]]), 2) for pair in WIDGET_TEXT_ON}
        assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}
        assert contrast(theme["line-strong"], theme["surface"]) >= 3
        assert contrast(theme["star"], theme["ground"]) >= 3
        assert contrast(theme["focus"], theme["surface"]) >= 3
