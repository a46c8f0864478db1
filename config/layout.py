"""Places the boxes of a directed graph in layers, top to bottom, and routes its edges.

The method is that of Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System Structures"
(IEEE Transactions on Systems, Man, and Cybernetics 11(2), 1981): circles are opened, layers are the longest paths, long
edges get a point in each layer that they cross, layers are ordered by barycentres, and places follow the neighbours.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

GAP_X = 18
GAP_Y = 26
SWEEPS = 12
# What a long edge takes of a layer that it only crosses.
POINT_WIDTH = 10


@dataclass(frozen=True, slots=True)
class Size:
    """A box in pixels."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Route:
    """An edge as the points that it passes, from the lower side of its source to the upper side of its target.

    `back` marks an edge against the direction, which closes a circle.
    """

    source: str
    target: str
    points: tuple[tuple[int, int], ...]
    back: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """The middle of each box and the routes of all edges, in pixels; nothing is left of or above 0."""

    width: int
    height: int
    places: Mapping[str, tuple[int, int]]
    routes: tuple[Route, ...]


def lay_out(start: str, edges: Sequence[tuple[str, str]], sizes: Mapping[str, Size]) -> Layout:
    """Lays out what can be reached from `start`; `sizes` has every box. Edges from a box to itself are not allowed."""
    back = _back_edges(start, edges)
    forward = [(target, source) if (source, target) in back else (source, target) for source, target in edges]
    layer = _layers(start, forward)
    chains, rows = _chains(forward, layer)
    widths = {name: size.width for name, size in sizes.items()}
    _order(rows, chains)
    middles = _middles(rows, chains, widths)
    tops = _tops(rows, sizes)
    left = min(middles[name] - widths.get(name, POINT_WIDTH) / 2 for row in rows for name in row)
    right = max(middles[name] + widths.get(name, POINT_WIDTH) / 2 for row in rows for name in row)
    places = {
        name: (round(middles[name] - left), tops[layer[name]] + _height(rows, layer[name], sizes) // 2)
        for name in sizes
    }
    routes = tuple(
        _route(edge, chain, middles, left, places, sizes, tops, rows, back=edge in back)
        for edge, chain in zip(edges, chains, strict=True)
    )
    height = tops[-1] + _height(rows, len(rows) - 1, sizes)
    return Layout(round(right - left), height, places, routes)


def _back_edges(start: str, edges: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Edges to a box that is still being visited, in the order of the file: without them there is no circle."""
    after: dict[str, list[str]] = {}
    for source, target in edges:
        after.setdefault(source, []).append(target)
    found: set[tuple[str, str]] = set()
    state: dict[str, str] = {start: "open"}
    todo = [(start, iter(after.get(start, [])))]
    while todo:
        name, rest = todo[-1]
        target = next(rest, "")
        if not target:
            state[name] = "done"
            todo.pop()
        elif state.get(target) == "open":
            found.add((name, target))
        elif target not in state:
            state[target] = "open"
            todo.append((target, iter(after.get(target, []))))
    return found


def _layers(start: str, edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Each box below all that lead to it. The edges have no circle, so this ends."""
    layer = {start: 0}
    changed = True
    while changed:
        changed = False
        for source, target in edges:
            if source in layer and layer.get(target, -1) < layer[source] + 1:
                layer[target] = layer[source] + 1
                changed = True
    return layer


def _chains(edges: Sequence[tuple[str, str]], layer: Mapping[str, int]) -> tuple[list[list[str]], list[list[str]]]:
    """Each edge as boxes and points, one a layer; and what is in each layer."""
    rows: list[list[str]] = [[] for _ in range(max(layer.values()) + 1)]
    for name, number in layer.items():
        rows[number].append(name)
    chains: list[list[str]] = []
    for index, (source, target) in enumerate(edges):
        chain = [source]
        for number in range(layer[source] + 1, layer[target]):
            point = f"\0{index}.{number}"
            rows[number].append(point)
            chain.append(point)
        chains.append([*chain, target])
    return chains, rows


def _neighbours(chains: Sequence[Sequence[str]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for chain in chains:
        for upper, lower in pairwise(chain):
            below.setdefault(upper, []).append(lower)
            above.setdefault(lower, []).append(upper)
    return above, below


def _order(rows: list[list[str]], chains: Sequence[Sequence[str]]) -> None:
    """Sorts each layer so that few edges cross; of all sweeps the best stays."""
    above, below = _neighbours(chains)
    best, fewest = [list(row) for row in rows], _crossings(rows, below)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        order = range(1, len(rows)) if down else range(len(rows) - 2, -1, -1)
        for number in order:
            neighbours = above if down else below
            place = {name: index for index, name in enumerate(rows[number - 1 if down else number + 1])}
            now = {name: index for index, name in enumerate(rows[number])}

            def barycentre(
                name: str,
                neighbours: Mapping[str, list[str]] = neighbours,
                place: Mapping[str, int] = place,
                now: Mapping[str, int] = now,
            ) -> float:
                known = [place[other] for other in neighbours.get(name, ())]
                return sum(known) / len(known) if known else float(now[name])

            rows[number].sort(key=barycentre)
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    rows[:] = best


def _crossings(rows: Sequence[Sequence[str]], below: Mapping[str, Sequence[str]]) -> int:
    count = 0
    for upper, lower in pairwise(rows):
        place = {name: index for index, name in enumerate(lower)}
        ends = [sorted(place[target] for target in below.get(name, ())) for name in upper]
        flat = [end for row in ends for end in row]
        count += sum(1 for i, first in enumerate(flat) for second in flat[i + 1 :] if second < first)
    return count


def _middles(
    rows: Sequence[Sequence[str]], chains: Sequence[Sequence[str]], widths: Mapping[str, int]
) -> dict[str, float]:
    """Pulls every box to the middle of its neighbours, as far as those beside it let it."""
    above, below = _neighbours(chains)
    middles: dict[str, float] = {}
    for row in rows:
        middles.update(_spread(row, [0.0] * len(row), widths))
    for sweep in range(SWEEPS * 2):
        for row in rows if sweep % 2 == 0 else list(reversed(rows)):
            wanted = []
            for name in row:
                near = [middles[other] for other in (*above.get(name, ()), *below.get(name, ()))]
                wanted.append(sum(near) / len(near) if near else middles[name])
            middles.update(_spread(row, wanted, widths))
    return middles


def _spread(row: Sequence[str], wanted: Sequence[float], widths: Mapping[str, int]) -> dict[str, float]:
    """The places nearest to the wanted ones (least squares) that keep the order and the gaps.

    Pool adjacent violators (Ayer et al., "An empirical distribution function for sampling with incomplete
    information", Annals of Mathematical Statistics 26(4), 1955).
    """
    offsets = [0.0]
    for left, right in pairwise(row):
        between = (widths.get(left, POINT_WIDTH) + widths.get(right, POINT_WIDTH)) / 2 + GAP_X
        offsets.append(offsets[-1] + between)
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        pools.append((want - offset, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (second, many), (first, few) = pools.pop(), pools.pop()
            pools.append(((first * few + second * many) / (few + many), few + many))
    base = [value for value, count in pools for _ in range(count)]
    return {name: base[index] + offsets[index] for index, name in enumerate(row)}


def _height(rows: Sequence[Sequence[str]], number: int, sizes: Mapping[str, Size]) -> int:
    return max((sizes[name].height for name in rows[number] if name in sizes), default=0)


def _tops(rows: Sequence[Sequence[str]], sizes: Mapping[str, Size]) -> list[int]:
    tops = [0]
    for number in range(len(rows) - 1):
        tops.append(tops[-1] + _height(rows, number, sizes) + GAP_Y)
    return tops


def _route(
    edge: tuple[str, str],
    chain: Sequence[str],
    middles: Mapping[str, float],
    left: float,
    places: Mapping[str, tuple[int, int]],
    sizes: Mapping[str, Size],
    tops: Sequence[int],
    rows: Sequence[Sequence[str]],
    *,
    back: bool,
) -> Route:
    upper, lower = chain[0], chain[-1]
    points = [(places[upper][0], places[upper][1] + sizes[upper].height // 2)]
    number = tops.index(max(top for top in tops if top <= places[upper][1]))
    for point in chain[1:-1]:
        number += 1
        x = round(middles[point] - left)
        # Straight down through the layer, so that no box of it is touched.
        points += [(x, tops[number]), (x, tops[number] + _height(rows, number, sizes))]
    points.append((places[lower][0], places[lower][1] - sizes[lower].height // 2))
    return Route(edge[0], edge[1], tuple(reversed(points)) if back else tuple(points), back)
