"""The layout of graphs: layers, no box on another, no line through a box."""

from collections.abc import Sequence
from itertools import combinations, pairwise
from random import Random

import pytest

from config.layout import Layout, Size, lay_out

BOX = Size(100, 40)


def laid(edges: Sequence[tuple[str, str]], start: str = "a") -> Layout:
    names = {start, *(name for edge in edges for name in edge)}
    return lay_out(start, edges, dict.fromkeys(sorted(names), BOX))


def test_each_box_is_below_all_that_lead_to_it() -> None:
    places = laid([("a", "b"), ("b", "c"), ("a", "c")]).places
    assert places["a"][1] < places["b"][1] < places["c"][1]


def test_one_box_alone_fills_the_picture() -> None:
    assert laid([]) == Layout(100, 40, {"a": (50, 20)}, ())


def test_an_edge_that_closes_a_circle_goes_back_up() -> None:
    made = laid([("a", "b"), ("b", "a")])
    down, up = made.routes
    assert (down.back, up.back) == (False, True)
    assert up.points[0][1] > up.points[-1][1]


def test_lines_need_not_cross_where_the_order_can_be_changed() -> None:
    places = laid([("a", "b"), ("a", "c"), ("b", "y"), ("c", "x")]).places
    assert (places["b"][0] < places["c"][0]) == (places["y"][0] < places["x"][0])


def random_edges(random: Random) -> list[tuple[str, str]]:
    names = [f"n{number}" for number in range(random.randint(2, 14))]
    edges = {(names[random.randrange(index)], names[index]) for index in range(1, len(names))}
    edges |= {(random.choice(names), random.choice(names)) for _ in range(random.randint(0, 10))}
    return sorted((source, target) for source, target in edges if source != target)


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs_keep_their_boxes_apart_and_their_lines_off_them(seed: int) -> None:
    made = laid(random_edges(Random(seed)), "n0")
    for (x, y), (other_x, other_y) in combinations(made.places.values(), 2):
        assert abs(x - other_x) >= 100 or abs(y - other_y) >= 40
    for x, y in made.places.values():
        assert 50 <= x <= made.width - 50
        assert 20 <= y <= made.height - 20
    for route in made.routes:
        assert route.points[0][1] != route.points[-1][1]
        for (x, top), (_, bottom) in pairwise(sorted(route.points, key=lambda point: point[1])):
            straight = bottom - top == 40
            for box, (box_x, box_y) in made.places.items():
                inside = abs(x - box_x) < 50 and top < box_y < bottom
                assert not (straight and inside), f"{route.source} to {route.target} runs through {box}"
