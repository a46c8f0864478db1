"""What work demands of an agent: boolean expressions over skills, teams and the work's own attributes. Pure.

`router.expression_parser` reads their text; `render` writes it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import assert_never

from msgspec import Struct

from router.vocabulary import MAX_PROFICIENCY, MIN_PROFICIENCY, Requirement

AT_LEAST = "at_least"
SKILL = "skill"
TEAM = "team"
WORK = "work"
CUSTOMER = "customer"


class SkillOf(Struct, frozen=True, gc=False):
    """The skill that is named by the work's attribute, between the grades; nothing is demanded when it has none."""

    attribute: str
    minimum: int = MIN_PROFICIENCY
    maximum: int = MAX_PROFICIENCY


class Team(Struct, frozen=True, gc=False):
    """The agent is in one of these teams."""

    names: tuple[str, ...]


class Attribute(Struct, frozen=True, gc=False):
    """The work's attribute has one of these values."""

    name: str
    values: tuple[str, ...]


class AllOf(Struct, frozen=True, gc=False):
    """Every part holds; true without parts."""

    parts: tuple["Expression", ...]


class AtLeast(Struct, frozen=True, gc=False):
    """At least `count` of the parts hold; `or` is a count of 1."""

    count: int
    parts: tuple["Expression", ...]


class Not(Struct, frozen=True, gc=False):
    """The part does not hold."""

    part: "Expression"


Expression = Requirement | SkillOf | Team | Attribute | AllOf | AtLeast | Not
ALWAYS = AllOf(())
NEVER = AtLeast(1, ())


def render(expression: Expression) -> str:
    """The text of an expression; `parse` gives it back."""
    match expression:
        case Requirement(skill, minimum, maximum):
            return _graded_text(skill if skill.isidentifier() else f'{SKILL}("{skill}")', minimum, maximum)
        case SkillOf(attribute, minimum, maximum):
            return _graded_text(f"{SKILL}({_attribute_text(attribute)})", minimum, maximum)
        case Team(names):
            return f"{TEAM} in {_texts(names)}"
        case Attribute(name, values):
            return f"{_attribute_text(name)} in {_texts(values)}"
        case AllOf(parts):
            return " and ".join(_bracketed(part) for part in parts) or "True"
        case AtLeast(1, parts):
            return " or ".join(_bracketed(part) for part in parts) or "False"
        case AtLeast(count, parts):
            return f"{AT_LEAST}({count}, {', '.join(render(part) for part in parts)})"
        case Not(part):
            return f"not {_bracketed(part)}"
        case _:
            assert_never(expression)


def _graded_text(skill: str, minimum: int, maximum: int) -> str:
    if maximum < MAX_PROFICIENCY:
        return f"{minimum} <= {skill} <= {maximum}"
    return f"{skill} >= {minimum}" if minimum > MIN_PROFICIENCY else skill


def _attribute_text(name: str) -> str:
    return name if name.startswith(f"{CUSTOMER}.") else f"{WORK}.{name}"


def _texts(values: tuple[str, ...]) -> str:
    return "[" + ", ".join('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values) + "]"


def _bracketed(part: Expression) -> str:
    match part:
        case AllOf(parts=(_, *_)) | AtLeast(count=1, parts=(_, *_)):
            return f"({render(part)})"
        case _:
            return render(part)


# -- meaning


def resolve(expression: Expression, attributes: Mapping[str, str]) -> Expression:
    """With the work's attributes put in and simplified: what is left asks of agents alone. Equal demands are equal."""
    match expression:
        case Requirement() | Team():
            return expression
        case SkillOf(attribute, minimum, maximum):
            skill = attributes.get(attribute, "")
            return Requirement(skill, minimum, maximum) if skill else ALWAYS
        case Attribute(name, values):
            return ALWAYS if attributes.get(name) in values else NEVER
        case AllOf(parts):
            return all_of(resolve(part, attributes) for part in parts)
        case AtLeast(count, parts):
            return _at_least(count, [resolve(part, attributes) for part in parts])
        case Not(part):
            return _negation(resolve(part, attributes))
        case _:
            assert_never(expression)


def all_of(parts: Iterable[Expression]) -> Expression:
    """The conjunction in its simplest form: flat, sorted, one range for each skill."""
    ranges: dict[str, Requirement] = {}
    others: dict[Expression, None] = {}
    for part in _flat(parts):
        if part == NEVER:
            return NEVER
        if isinstance(part, Requirement):
            met = _intersection(ranges.get(part.skill, part), part)
            if met is None:
                return NEVER
            ranges[part.skill] = met
        else:
            others[part] = None
    found = sorted([*ranges.values(), *others], key=render)
    return found[0] if len(found) == 1 else AllOf(tuple(found))


def _intersection(first: Requirement, second: Requirement) -> Requirement | None:
    low, high = max(first.minimum, second.minimum), min(first.maximum, second.maximum)
    return Requirement(first.skill, low, high) if low <= high else None


def _flat(parts: Iterable[Expression]) -> Iterable[Expression]:
    for part in parts:
        if isinstance(part, AllOf):
            yield from _flat(part.parts)
        else:
            yield part


def _at_least(count: int, parts: list[Expression]) -> Expression:
    count -= sum(1 for part in parts if part == ALWAYS)
    open_parts = sorted((part for part in parts if part not in (ALWAYS, NEVER)), key=render)
    if count == 1:
        open_parts = list(dict.fromkeys(open_parts))
    if count <= 0:
        return ALWAYS
    if count > len(open_parts):
        return NEVER
    if count == len(open_parts):
        return all_of(open_parts)
    return AtLeast(count, tuple(open_parts))


def _negation(part: Expression) -> Expression:
    if part == ALWAYS:
        return NEVER
    if part == NEVER:
        return ALWAYS
    return part.part if isinstance(part, Not) else Not(part)


def unmet(expression: Expression, skills: Mapping[str, int], team: str) -> Expression | None:
    """The first part of a resolved expression that an agent with these skills does not meet; None when all is met."""
    match expression:
        case Requirement(skill, minimum, maximum):
            return None if minimum <= skills.get(skill, 0) <= maximum else expression
        case Team(names):
            return None if team in names else expression
        case AllOf(parts):
            return next((lack for part in parts if (lack := unmet(part, skills, team)) is not None), None)
        case AtLeast(count, parts):
            met = sum(1 for part in parts if unmet(part, skills, team) is None)
            return None if met >= count else expression
        case Not(part):
            return expression if unmet(part, skills, team) is None else None
        case SkillOf() | Attribute():
            raise ValueError(f"{render(expression)} is not resolved")
        case _:
            assert_never(expression)


def predicate(expression: Expression) -> Callable[[Mapping[str, int], str], bool]:
    """Whether agents with these skills and this team meet a resolved expression, made ready to ask it of many."""
    match expression:
        case Requirement(skill, minimum, maximum):
            return lambda skills, _: minimum <= skills.get(skill, 0) <= maximum
        case AllOf((first, second)):
            one, other = predicate(first), predicate(second)
            return lambda skills, team: one(skills, team) and other(skills, team)
        case _:
            return lambda skills, team: unmet(expression, skills, team) is None


def wanted(expression: Expression) -> tuple[Requirement, ...]:
    """The skills that the expression asks for (not those that it excludes), each once with its lowest minimum."""
    found: dict[str, Requirement] = {}
    for need in _wanted(expression):
        known = found.get(need.skill)
        if known is None or need.minimum < known.minimum:
            found[need.skill] = need
    return tuple(found[skill] for skill in sorted(found))


def _wanted(expression: Expression) -> Iterable[Requirement]:
    match expression:
        case Requirement():
            yield expression
        case AllOf(parts) | AtLeast(_, parts):
            for part in parts:
                yield from _wanted(part)
        case SkillOf() | Team() | Attribute() | Not():
            return
        case _:
            assert_never(expression)


def relax(
    expression: Expression, lower: Mapping[str, int], drop: Iterable[str], hard: Iterable[str] = ()
) -> Expression:
    """With grades lowered (skill -> by how much) and skills no longer asked for; `hard` skills stay as they are."""
    dropped, kept = frozenset(drop), frozenset(hard)
    match expression:
        case Requirement(skill, minimum, maximum):
            if skill in kept:
                return expression
            if skill in dropped:
                return ALWAYS
            return Requirement(skill, max(MIN_PROFICIENCY, minimum - lower.get(skill, 0)), maximum)
        case AllOf(parts):
            return all_of(relax(part, lower, dropped, kept) for part in parts)
        case AtLeast(count, parts):
            return _at_least(count, [relax(part, lower, dropped, kept) for part in parts])
        case SkillOf() | Team() | Attribute() | Not():
            return expression
        case _:
            assert_never(expression)


def names(expression: Expression) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """All skills, teams and attributes that an expression speaks of, so that a site's files can be checked."""
    skills: set[str] = set()
    teams: set[str] = set()
    attributes: set[str] = set()
    todo = [expression]
    while todo:
        part = todo.pop()
        match part:
            case Requirement(skill):
                skills.add(skill)
            case SkillOf(attribute):
                attributes.add(attribute)
            case Team(found):
                teams.update(found)
            case Attribute(name):
                attributes.add(name)
            case AllOf(parts) | AtLeast(_, parts):
                todo += parts
            case Not(inner):
                todo.append(inner)
            case _:
                assert_never(part)
    return frozenset(skills), frozenset(teams), frozenset(attributes)
