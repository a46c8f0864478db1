"""The pictures of flows: up to date, whole, and well-formed."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import config
from config.drawing import draw_flow, draw_flows
from ivr import flow as f
from tests.config.conftest import DEMO

SITE = config.load(DEMO)
IMAGES = DEMO.parents[1] / "docs" / "img"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", SITE.flows)
def test_the_committed_picture_is_up_to_date(name: str) -> None:
    shown = (IMAGES / f"flow-{name}.svg").read_text(encoding="utf-8")
    assert shown == draw_flow(SITE.flows[name]), "run: python -m server draw-flows --out docs/img"


@pytest.mark.parametrize("name", SITE.flows)
def test_every_node_and_every_way_on_is_in_the_picture(name: str) -> None:
    flow = SITE.flows[name]
    root = ET.fromstring(draw_flow(flow))
    texts = [element.text or "" for element in root.iter(f"{SVG}text")]
    for node in flow.nodes.values():
        assert node.name in texts
        if isinstance(node, f.Menu):
            for digit, choice in node.choices.items():
                assert any(text.startswith(f"{digit} {choice.label}") for text in texts)
    arrows = [path for path in root.iter(f"{SVG}path") if path.get("marker-end")]
    ways = {(node.name, target) for node in flow.nodes.values() for _, target, _ in f.links(node)}
    assert len(arrows) == len({way for way in ways if way[0] != way[1]})


@pytest.mark.parametrize("name", SITE.flows)
def test_no_text_leaves_the_picture(name: str) -> None:
    root = ET.fromstring(draw_flow(SITE.flows[name]))
    width = int(root.get("width", "0"))
    for rect in root.iter(f"{SVG}rect"):
        assert float(rect.get("x", "0")) >= 0
        assert float(rect.get("x", "0")) + float(rect.get("width", "0")) <= width


def test_names_with_signs_of_their_own_are_shown_as_text() -> None:
    nodes: dict[str, f.Node] = {
        "if": f.Condition("if", (f.Case("a", "less", ("3",), "bye"),), "bye"),
        "bye": f.Goodbye("bye", (), "<&>"),
    }
    drawn = draw_flow(f.Flow("x", "A & B", "en", "if", nodes))
    ET.fromstring(drawn)
    assert "a &lt; 3" in drawn
    assert "&lt;&amp;&gt;" in drawn


def test_all_flows_are_written(tmp_path: Path) -> None:
    written = draw_flows(SITE, tmp_path / "new")
    assert [path.name for path in written] == [f"flow-{name}.svg" for name in SITE.flows]
    assert all(re.match("<svg ", path.read_text(encoding="utf-8")) for path in written)
