"""The picture of the day is well-formed, within its frame, and shows what was there."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from simulator.plot import WIDTH, svg
from simulator.replications import simulate
from tests.simulator.models import HOUR, one_queue, seconds

SVG = "{http://www.w3.org/2000/svg}"


def drawn(per_hour: float = 80, **changes: object) -> ET.Element:
    model = replace(one_queue(4, per_hour, seconds(150), 2, 0, patience_s=100), **changes)  # type: ignore[arg-type]
    return ET.fromstring(svg(model, simulate(model, 1, replications=2)))


def test_four_panels_with_their_lines_inside_the_frame() -> None:
    root = drawn()
    height = float(root.attrib["viewBox"].split()[3])
    lines = root.findall(f"{SVG}polyline")
    assert len(lines) >= 6
    for line in lines:
        for x, y in re.findall(r"([\d.]+),([\d.]+)", line.attrib["points"]):
            assert 0 <= float(x) <= WIDTH
            assert 0 <= float(y) <= height
    texts = [text.text for text in root.findall(f"{SVG}text")]
    assert "waiting (mean)" in texts
    assert "00:00" in texts
    assert "02:00" in texts


def test_a_name_is_text_and_not_markup() -> None:
    root = drawn(name='<script>"&')
    assert next(text.text for text in root.findall(f"{SVG}text")) == '<script>"&'


def test_a_slot_in_which_nobody_came_has_no_service_level() -> None:
    level = drawn(per_hour=0).findall(f"{SVG}polyline")
    assert len(level) == 5, "no line at all in the last panel"


@pytest.mark.parametrize(("hours", "last"), [(1, "01:00"), (12, "12:00"), (24, "24:00"), (100, "96:00")])
def test_the_hours_fit(hours: int, last: str) -> None:
    model = one_queue(1, 1, seconds(10), hours, 0)
    texts = re.findall(r">(\d\d+:\d\d)<", svg(model, simulate(model, 1, replications=1)))
    assert texts[-1] == last
    assert len(texts) <= 4 * 14
    assert model.end_us == hours * HOUR
