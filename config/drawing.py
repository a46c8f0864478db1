"""A flow as a picture: SVG with a box for each node and a labelled line for each way on.

A queue or a goodbye is drawn again beside each node that leads to it: lines from everywhere to one operator would hide
the rest. What leads back to the same node is written into its box.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import assert_never

from config.layout import Layout, Route, Size, lay_out
from config.site import Site
from ivr import flow as f
from ivr.flow import Case, Flow, Node, links

FONT = 12
LINE = 16
LABEL_LINE = 14
MARGIN = 24
TITLE = 34
# Fill and edge of each kind of box, chosen to stay apart for people who do not see all colours.
COLOURS: Mapping[str, tuple[str, str]] = {
    "play": ("#f1f5f9", "#64748b"),
    "ask": ("#dbeafe", "#1d4ed8"),
    "decide": ("#fef3c7", "#b45309"),
    "request": ("#ede9fe", "#6d28d9"),
    "queue": ("#dcfce7", "#15803d"),
    "end": ("#fee2e2", "#b91c1c"),
}


# The words on a line are laid out like a box of their own: so they never cover each other.
_LABEL = "\0label"


@dataclass(frozen=True, slots=True)
class _Box:
    node: Node
    lines: tuple[str, ...]
    size: Size


def draw_flow(flow: Flow) -> str:
    """The whole SVG document."""
    labels = _labels(flow)
    boxes = {flow.start: _box(flow.nodes[flow.start], labels)}
    texts: dict[str, list[str]] = {}
    edges: list[tuple[str, str]] = []
    for number, ((source, target), words) in enumerate(labels.items()):
        boxes[target] = _box(flow.nodes[target.partition("\0")[0]], labels)
        if source != target:
            label = f"{_LABEL}{number}"
            texts[label] = [word for word in words if word]
            edges += [(source, label), (label, target)]
    sizes = {name: box.size for name, box in boxes.items()}
    sizes |= {label: _label_size(words) for label, words in texts.items()}
    return "\n".join(_document(flow, lay_out(flow.start, edges, sizes), boxes, texts)) + "\n"


def draw_flows(site: Site, folder: Path) -> list[Path]:
    """Writes flow-<name>.svg for each flow of the site; returns what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, flow in site.flows.items():
        path = folder / f"flow-{name}.svg"
        path.write_text(draw_flow(flow), encoding="utf-8")
        written.append(path)
    return written


def _label_size(words: list[str]) -> Size:
    width = max((_width(word) for word in words), default=0)
    return Size(width + width % 2, len(words) * LABEL_LINE)


def _labels(flow: Flow) -> dict[tuple[str, str], list[str]]:
    """The words on each line, from box to box; a copy of a queue or a goodbye is named after its source too."""
    labels: dict[tuple[str, str], list[str]] = {}
    for node in flow.nodes.values():
        words = dict(_words(node))
        for key, target, _ in links(node):
            last = isinstance(flow.nodes[target], f.Queue | f.Goodbye)
            end = f"{target}\0{node.name}" if last else target
            labels.setdefault((node.name, end), []).append(words[key])
    return labels


def _words(node: Node) -> Iterator[tuple[str, str]]:
    match node:
        case f.Menu():
            for digit, choice in node.choices.items():
                yield f"choices.{digit}.next", f"{digit} {choice.label}"
            yield "fallback", "no answer"
        case f.Collect():
            yield from (("next", "number"), ("fallback", "no number"))
        case f.Hours():
            yield from (("open", "open"), ("closed", "closed"), ("holiday", "holiday"))
        case f.Lookup():
            yield from (("next", "answer"), ("fallback", "no answer"))
        case f.Condition():
            yield from ((f"cases[{index}].next", _test(case)) for index, case in enumerate(node.cases))
            yield "otherwise", "otherwise"
        case f.Callback() | f.Voicemail():
            yield from (("next", "kept"), ("fallback", "not kept"))
        case f.Play() | f.Set() | f.Queue() | f.Goodbye():
            yield "next", ""
        case _:
            assert_never(node)


def _test(case: Case) -> str:
    value = ", ".join(case.values)
    match case.test:
        case "equals":
            return f"{case.key} = {value}"
        case "in":
            return f"{case.key}: {value}"
        case "prefix":
            return f"{case.key} begins {value}"
        case "greater":
            return f"{case.key} > {value}"
        case "less":
            return f"{case.key} < {value}"
        case "exists":
            return f"{case.key} known" if value == "true" else f"{case.key} unknown"
        case "phone":
            return f"{case.key} is a number" if value == "true" else f"{case.key} is no number"
        case _:
            assert_never(case.test)


def _box(node: Node, labels: Mapping[tuple[str, str], list[str]]) -> _Box:
    lines = [node.name, _detail(node)]
    lines += [f"{word} \u21ba" for word in labels.get((node.name, node.name), ())]
    width = max(_width(node.name) * 11 // 10, *(_width(line) for line in lines)) + 22
    return _Box(node, tuple(lines), Size(width + width % 2, len(lines) * LINE + 14))


def _detail(node: Node) -> str:
    match node:
        case f.Play():
            return "greeting" if node.greeting else "play"
        case f.Menu():
            return "menu"
        case f.Collect():
            return f"collect {node.key}"
        case f.Set():
            changes = [f"{skill} {minimum}" for skill, minimum in node.requirements]
            changes += [node.language] if node.language else []
            changes += [f"priority +{node.priority}"] if node.priority is not None else []
            return "set " + ", ".join([*changes, *node.data])
        case f.Hours():
            return f"hours {node.calendar}"
        case f.Lookup():
            return f"look up {node.service}"
        case f.Condition():
            return "condition"
        case f.Callback():
            return f"call back {node.number}"
        case f.Voicemail():
            return f"record for {node.queue}"
        case f.Queue():
            return f"queue {node.queue}"
        case f.Goodbye():
            return f"hang up: {node.outcome}"
        case _:
            assert_never(node)


def _colours(node: Node) -> tuple[str, str]:
    match node:
        case f.Play() | f.Set():
            return COLOURS["play"]
        case f.Menu() | f.Collect():
            return COLOURS["ask"]
        case f.Hours() | f.Condition():
            return COLOURS["decide"]
        case f.Lookup() | f.Callback() | f.Voicemail():
            return COLOURS["request"]
        case f.Queue():
            return COLOURS["queue"]
        case f.Goodbye():
            return COLOURS["end"]
        case _:
            assert_never(node)


def _width(text: str) -> int:
    """About how wide a text is in pixels; Chinese characters are as wide as they are high."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return wide * FONT + (len(text) - wide) * FONT * 6 // 10


def _document(flow: Flow, layout: Layout, boxes: Mapping[str, _Box], texts: Mapping[str, list[str]]) -> Iterator[str]:
    width, height = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN + TITLE
    title = escape(f"{flow.title} ({flow.name})")
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="{FONT}" role="img" aria-label="{title}">'
    )
    yield '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    yield '<path d="M0 0 8 4 0 8z" fill="#475569"/></marker></defs>'
    yield f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    yield f'<text x="{MARGIN}" y="{MARGIN + 4}" font-size="16" font-weight="600">{title}</text>'
    yield f'<g transform="translate({MARGIN} {MARGIN + TITLE})">'
    for route in layout.routes:
        yield _line(route, arrow=not route.target.startswith(_LABEL), back=route.back)
    for name, (x, y) in layout.places.items():
        yield from _drawn(boxes[name], x, y) if name in boxes else _label(texts[name], x, y)
    yield "</g>"
    yield "</svg>"


def _line(route: Route, *, arrow: bool, back: bool) -> str:
    (x, y), *rest = route.points
    path = [f"M{x} {y}"]
    for next_x, next_y in rest:
        bend = (y + next_y) // 2
        path.append(f"V{next_y}" if next_x == x else f"C{x} {bend} {next_x} {bend} {next_x} {next_y}")
        x, y = next_x, next_y
    dashes = ' stroke-dasharray="5 4"' if back else ""
    end = ' marker-end="url(#end)"' if arrow else ""
    return f'<path d="{"".join(path)}" fill="none" stroke="#475569" stroke-width="1.2"{dashes}{end}/>'


def _drawn(box: _Box, x: int, y: int) -> Iterator[str]:
    fill, edge = _colours(box.node)
    left, top = x - box.size.width // 2, y - box.size.height // 2
    round_edge = box.size.height // 2 if isinstance(box.node, f.Queue | f.Goodbye) else 6
    yield (
        f'<rect x="{left}" y="{top}" width="{box.size.width}" height="{box.size.height}" rx="{round_edge}" '
        f'fill="{fill}" stroke="{edge}" stroke-width="1.4"/>'
    )
    for index, line in enumerate(box.lines):
        weight = ' font-weight="600"' if index == 0 else ' fill="#334155"'
        baseline = top + 7 + LINE * index + FONT
        yield f'<text x="{x}" y="{baseline}" text-anchor="middle"{weight}>{escape(line)}</text>'


def _label(words: list[str], x: int, y: int) -> Iterator[str]:
    top = y - len(words) * LABEL_LINE // 2
    for index, line in enumerate(words):
        baseline = top + index * LABEL_LINE + 11
        yield f'<text x="{x}" y="{baseline}" text-anchor="middle" font-size="11" fill="#0f172a">{escape(line)}</text>'
