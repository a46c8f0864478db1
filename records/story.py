"""An interaction's story as text, one line a step, with the time since the first step."""

from collections.abc import Mapping, Sequence
from typing import Any

from records.drafts import Step

_LABEL_WIDTH = 16


def render(story: Sequence[Step]) -> list[str]:
    """Lines like `  +2.350 s  offered          anna, because ...`; empty for an empty story."""
    if not story:
        return []
    start = story[0].at
    return [f"{_elapsed(step.at - start)}  {step.kind:<{_LABEL_WIDTH}} {_text(step)}".rstrip() for step in story]


def _elapsed(microseconds: int) -> str:
    return f"+{microseconds / 1_000_000:.3f} s".rjust(12)


def _text(step: Step) -> str:
    detail = step.detail
    match step.kind:
        case "queued":
            return _queued(detail)
        case "offered":
            return _offered(detail, step.at)
        case "joined":
            return f"{detail['agent']}, after {_seconds(detail['wait_us'])}"
        case "ended":
            talk = f", after {_seconds(detail['talk_us'])}" if "talk_us" in detail else ""
            return f"by {detail['by']}, with {detail['agent']}{talk}"
        case "abandoned":
            return "" if detail.get("wait_us") is None else f"after {_seconds(detail['wait_us'])}"
        case "wrap_up_started":
            return str(detail["agent"])
        case "wrapped_up":
            return f"{detail['agent']}, {detail['disposition'] or 'without a disposition'}"
        case _ if "node" in detail and detail.keys() <= {"node", "detail"}:
            return ": ".join(str(detail[name]) for name in ("node", "detail") if detail.get(name))
        case _:
            return ", ".join(f"{name} {value}" for name, value in detail.items() if value not in (None, ""))


def _queued(detail: Mapping[str, Any]) -> str:
    needs = ", ".join(f"{each['skill']} {each['minimum']}+" for each in detail["requirements"])
    return f"{detail['queue']}, priority {detail['priority']}" + (f", needs {needs}" if needs else "")


def _offered(detail: Mapping[str, Any], at: int) -> str:
    terms = _terms(detail["terms"], at)
    why = f"{detail['strategy']}: {terms}" if terms else str(detail["strategy"])
    second = detail.get("runner_up")
    if second:
        second_terms = _terms(detail["runner_up_terms"], at)
        why += f"; next {second}" + (f": {second_terms}" if second_terms else "")
    return f"to {detail['agent']} ({why})"


def _terms(terms: Mapping[str, int], at: int) -> str:
    return ", ".join(_term(name, value, at) for name, value in terms.items())


def _term(name: str, value: int, at: int) -> str:
    # For people the length of the idleness says more than its beginning.
    return f"idle {_seconds(at - value)}" if name == "idle_since" else f"{name} {value}"


def _seconds(microseconds: int) -> str:
    return f"{microseconds / 1_000_000:.1f} s"
