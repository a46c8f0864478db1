"""What must hold in a flow as a whole: targets, prompts, keys, no dead ends and no silent circles."""

from collections.abc import Collection, Iterator
from graphlib import CycleError, TopologicalSorter

from ivr.flow import DIGITS, Callback, Collect, Condition, Flow, Lookup, Node, Set, links, spoken
from ivr.reading import FlowProblem, suggest
from ivr.speech import digits_prompts
from ivr.values import VARIABLES, names_in

_DIGITS = tuple(name.lstrip("/") for name in digits_prompts("", DIGITS))


def check_flow(flow: Flow, known: Collection[str], prompts: Collection[str], problems: list[FlowProblem]) -> None:
    """Adds what is wrong; `known` are the names of all nodes in the file, also of those that could not be read."""
    _check_targets(flow, known, problems)
    _check_prompts(flow, prompts, problems)
    _check_keys(flow, problems)
    if not problems:
        # Only a graph without holes can be judged as a graph.
        _check_reachable(flow, problems)
        _check_silent_loops(flow, problems)


def _check_targets(flow: Flow, known: Collection[str], problems: list[FlowProblem]) -> None:
    for node in flow.nodes.values():
        for key, target, _ in links(node):
            if target and target not in known:
                problems.append(
                    FlowProblem(f"nodes.{node.name}.{key}", f'there is no node "{target}"', suggest(target, known))
                )


def _check_prompts(flow: Flow, prompts: Collection[str], problems: list[FlowProblem]) -> None:
    """A prompt without a language is needed in each language that the flow may speak."""
    for node in flow.nodes.values():
        asked: list[tuple[str, str]] = []
        for key, prompt in spoken(node):
            if prompt.startswith("{") and [prompt] != [f"{{{name}}}" for name in names_in(prompt)]:
                message = f'"{prompt}" is not a value'
                problems.append(FlowProblem(f"nodes.{node.name}.{key}", message, 'write one key in braces: "{caller}"'))
            asked += [(key, name) for name in _DIGITS] if prompt.startswith("{") else [(key, prompt)]
        if isinstance(node, Collect) and node.read_back:
            asked += [("read_back", name) for name in _DIGITS]
        for key, prompt in asked:
            _check_prompt(f"nodes.{node.name}.{key}", prompt, flow, prompts, problems)


def _check_prompt(path: str, prompt: str, flow: Flow, prompts: Collection[str], problems: list[FlowProblem]) -> None:
    if "/" in prompt:
        if prompt not in prompts:
            problems.append(FlowProblem(path, f'there is no prompt "{prompt}"', suggest(prompt, prompts)))
        return
    for language in flow.languages:
        if f"{language}/{prompt}" not in prompts:
            near = [name.partition("/")[2] for name in prompts if name.startswith(f"{language}/")]
            message = f'the prompt "{prompt}" is missing in the language "{language}"'
            problems.append(FlowProblem(path, message, suggest(prompt, near)))


def _check_keys(flow: Flow, problems: list[FlowProblem]) -> None:
    """A key that nothing sets is a typing mistake: its condition would never hold."""
    known = {*VARIABLES, *(key for node in flow.nodes.values() for key in _sets(node))}
    for node in flow.nodes.values():
        for path, key in _uses(node):
            if key and key not in known:
                message = f'nothing in this flow sets "{key}"'
                problems.append(FlowProblem(f"nodes.{node.name}.{path}", message, suggest(key, known)))


def _sets(node: Node) -> Collection[str]:
    match node:
        case Collect():
            return (node.key,)
        case Set():
            return node.data
        case Lookup():
            return node.result
        case _:
            return ()


def _uses(node: Node) -> Iterator[tuple[str, str]]:
    """Each key that a node reads as (key path inside the node, key)."""
    texts = [(path, text) for path, text in spoken(node)]
    match node:
        case Set():
            texts += [(f"data.{key}", text) for key, text in node.data.items()]
            texts += [(f"attributes.{key}", text) for key, text in node.attributes.items()]
        case Lookup():
            texts += [(f"query.{key}", text) for key, text in node.query.items()]
        case Callback():
            texts.append(("number", node.number))
        case Condition():
            yield from ((f"cases[{index}].key", case.key) for index, case in enumerate(node.cases))
        case _:
            pass
    yield from ((path, key) for path, text in texts for key in names_in(text))


def _check_reachable(flow: Flow, problems: list[FlowProblem]) -> None:
    seen, todo = {flow.start}, [flow.start]
    while todo:
        for _, target, _ in links(flow.nodes[todo.pop()]):
            if target not in seen:
                seen.add(target)
                todo.append(target)
    for name in flow.nodes:
        if name not in seen:
            message = "no caller can get here from the start"
            problems.append(FlowProblem(f"nodes.{name}", message, "lead a choice to it or remove it"))


def _check_silent_loops(flow: Flow, problems: list[FlowProblem]) -> None:
    """A circle that needs no key keeps a silent caller, or one who put the phone down, on the line for ever."""
    silent = {node.name: [target for _, target, pressed in links(node) if not pressed] for node in flow.nodes.values()}
    try:
        TopologicalSorter(silent).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1][::-1]
        message = f"goes in a circle that needs no key: {' -> '.join(circle)}"
        problems.append(FlowProblem(f"nodes.{circle[0]}", message, "end it in a queue or a goodbye"))
