"""Reads expressions: a small part of Python's expression grammar, parsed by Python's own parser. Pure.

So precedence, brackets, chained comparisons and the columns of mistakes are the well-known ones:

    orders >= 3 and (english >= 5 or skill(work.language) >= 4) and not trainee
    at_least(2, billing, refunds >= 3, english) or team in ("experts", "second_line")
    work.channel == "phone_line" and customer.tier in ("gold", "vip")

A bare name is a skill held at any grade; `skill("call-back")` names one that is no Python name, `skill(work.language)`
the one that an attribute of the work names. `team` is the agent's team. `work.x` and `customer.x` are attributes of
the work item (never of a person's identity: docs/journal.md).
"""

import ast
from functools import lru_cache

from router.expression import (
    ALWAYS,
    AT_LEAST,
    CUSTOMER,
    NEVER,
    SKILL,
    TEAM,
    WORK,
    AllOf,
    AtLeast,
    Attribute,
    Expression,
    Not,
    SkillOf,
    Team,
)
from router.vocabulary import MAX_PROFICIENCY, MIN_PROFICIENCY, Requirement


class ExpressionError(ValueError):
    """The text is no expression. `column` counts characters from 0."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """The expression that the text says; ALWAYS for an empty one. Raises ExpressionError."""
    if not text.strip():
        return ALWAYS
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        # Where the text ends too early, Python gives no offset.
        raise ExpressionError(f"is no expression: {error.msg}", (error.offset or len(text) + 1) - 1) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"is no expression: {error}", 0) from None
    try:
        return _read(tree.body)
    except RecursionError:
        raise ExpressionError("is nested too deeply", 0) from None


def _read(node: ast.expr) -> Expression:
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            return AllOf(tuple(_read(value) for value in values))
        case ast.BoolOp(values=values):
            return AtLeast(1, tuple(_read(value) for value in values))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return Not(_read(operand))
        case ast.Compare():
            return _comparison(node)
        case ast.Constant(value=bool(value)):
            return ALWAYS if value else NEVER
        case ast.Call(func=ast.Name(id="at_least"), args=[ast.Constant(value=int(count)), *parts], keywords=[]):
            if isinstance(count, bool) or not 0 < count <= len(parts):
                raise _error(node, f"at_least({count}, ...) has {len(parts)} parts")
            return AtLeast(count, tuple(_read(part) for part in parts))
        case _:
            return _graded(node, MIN_PROFICIENCY, MAX_PROFICIENCY)


def _graded(node: ast.expr, minimum: int, maximum: int) -> Requirement | SkillOf:
    """A skill between two grades."""
    match node:
        case ast.Name(id=name) if name not in (TEAM, WORK, CUSTOMER, AT_LEAST, SKILL):
            return Requirement(name, minimum, maximum)
        case ast.Call(func=ast.Name(id="skill"), args=[ast.Constant(value=str(name))], keywords=[]):
            return Requirement(name, minimum, maximum)
        case ast.Call(func=ast.Name(id="skill"), args=[ast.Attribute() as attribute], keywords=[]):
            return SkillOf(_attribute(attribute), minimum, maximum)
        case _:
            raise _error(node, f'"{ast.unparse(node)}" is neither a skill nor a condition')


def _comparison(node: ast.Compare) -> Expression:
    left, right = node.left, node.comparators[-1]
    if isinstance(left, ast.Attribute) or (isinstance(left, ast.Name) and left.id == TEAM):
        return _choice(node, left)
    match node.ops, left, right:
        case [op], _, ast.Constant(value=int(grade)) if not isinstance(grade, bool):
            return _against(node, left, op, grade)
        case [ast.LtE(), ast.LtE()], ast.Constant(value=int(low)), ast.Constant(value=int(high)):
            return _range(node, node.comparators[0], low, high)
        case _:
            raise _error(node, f'"{ast.unparse(node)}" is no comparison of a skill with a grade')


def _against(node: ast.Compare, skill: ast.expr, op: ast.cmpop, grade: int) -> Expression:
    match op:
        case ast.GtE():
            return _range(node, skill, grade, MAX_PROFICIENCY)
        case ast.Gt():
            return _range(node, skill, grade + 1, MAX_PROFICIENCY)
        case ast.Eq():
            return _range(node, skill, grade, grade)
        case ast.Lt():
            return Not(_range(node, skill, grade, MAX_PROFICIENCY))
        case ast.LtE():
            return Not(_range(node, skill, grade + 1, MAX_PROFICIENCY)) if grade < MAX_PROFICIENCY else ALWAYS
        case ast.NotEq():
            return Not(_range(node, skill, grade, grade))
        case _:
            raise _error(node, "compare a skill by >=, >, ==, !=, < or <=")


def _range(node: ast.expr, skill: ast.expr, low: int, high: int) -> Requirement | SkillOf:
    if not MIN_PROFICIENCY <= low <= high <= MAX_PROFICIENCY:
        raise _error(node, f"grades go from {MIN_PROFICIENCY} to {MAX_PROFICIENCY}, not {low} to {high}")
    return _graded(skill, low, high)


def _choice(node: ast.Compare, left: ast.expr) -> Expression:
    """`team == "a"`, `work.channel in ("a", "b")` and their opposites."""
    match node.ops, node.comparators:
        case [ast.Eq() | ast.NotEq() as op], [ast.Constant(value=str(value))]:
            values: tuple[str, ...] = (value,)
        case [ast.In() | ast.NotIn() as op], [ast.Tuple(elts=items) | ast.List(elts=items)]:
            values = tuple(_text(item) for item in items)
        case _:
            raise _error(node, 'compare by == "a", != "a", in ("a", "b") or not in ("a", "b")')
    found = Team(values) if isinstance(left, ast.Name) else Attribute(_attribute(left), values)
    return Not(found) if isinstance(op, ast.NotEq | ast.NotIn) else found


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise _error(node, "only texts may stand here")


def _attribute(node: ast.expr) -> str:
    """`work.x` is the attribute x, `customer.x` the attribute customer.x."""
    match node:
        case ast.Attribute(value=ast.Name(id="work"), attr=name):
            return name
        case ast.Attribute(value=ast.Name(id="customer"), attr=name):
            return f"{CUSTOMER}.{name}"
        case _:
            raise _error(node, "attributes are written work.name or customer.name")


def _error(node: ast.expr, message: str) -> ExpressionError:
    return ExpressionError(message, node.col_offset)
