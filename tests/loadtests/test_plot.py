"""Pictures that say what they show."""

import re
from xml.etree import ElementTree as ET

from loadtests.plot import every_second, plot


def test_a_picture_has_its_lines_inside() -> None:
    html = plot("offer & more", "ms", [[(0, 1.0), (60, 730.0)], [(0, 0.0), (119, 3.0)]], 119)
    figure = ET.fromstring(html)
    svg = figure.find("svg")
    assert svg is not None
    assert svg.get("aria-label") == "offer & more, ms"
    _, _, width, height = map(float, svg.get("viewBox", "").split())
    lines = svg.findall("polyline")
    assert [line.get("class") for line in lines] == ["run0", "run1"]
    for line in lines:
        for x, y in re.findall(r"([-\d.]+),([-\d.]+)", line.get("points", "")):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height
    assert {text.text for text in svg.findall("text")} >= {"0", "500", "1500", "20", "100"}


def test_without_points_there_is_none() -> None:
    assert plot("nothing", "ms", [[], []], 1) == ""


def test_seconds_without_anybody_count_as_none() -> None:
    assert every_second([(1, 2)], 4.0) == [(0, 0), (1, 2), (2, 0), (3, 0)]
    assert every_second([(5, 1)], 4.0)[-1] == (5, 1)
