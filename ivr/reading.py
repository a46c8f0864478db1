"""Reads tables that came from a TOML file, collecting every mistake instead of stopping at the first.

Each getter returns a value of the promised type even when the file is wrong: the problem is recorded, the caller
goes on, and whoever started the reading refuses the result if any problem was recorded.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class FlowProblem:
    """One mistake: `path` is the dotted key in the file, `suggestion` what to do about it ("" when there is none)."""

    path: str
    message: str
    suggestion: str = ""


def suggest(word: str, known: Iterable[str]) -> str:
    """A hint at what was meant: the closest known word, otherwise the known ones."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    if close:
        return f'did you mean "{close[0]}"?'
    if not names:
        return ""
    shown = ", ".join(names[:12])
    return f"known: {shown}{', ...' if len(names) > 12 else ''}"


def _kind(value: object) -> str:
    names = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), type(value).__name__)


@dataclass(slots=True)
class Table:
    """One table of the file. A getter without a default marks its key as required."""

    values: Mapping[str, object]
    path: str
    problems: list[FlowProblem]
    _asked: set[str] = field(default_factory=set)

    def at(self, key: str) -> str:
        """The dotted path of `key` in the file."""
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: str) -> bool:
        """Whether the table has `key`, which is then a key that it may have."""
        self._asked.add(key)
        return key in self.values

    def problem(self, key: str, message: str, suggestion: str = "") -> None:
        """Records a mistake at `key`, or at the table itself when `key` is empty."""
        self.problems.append(FlowProblem(self.at(key) if key else self.path, message, suggestion))

    def _get(self, key: str, expected: str, required: bool) -> object | None:
        self._asked.add(key)
        value = self.values.get(key)
        if value is None and required:
            self.problem(key, f"is missing: {expected} is expected")
        return value

    def _wrong(self, key: str, value: object, expected: str) -> None:
        self.problem(key, f"is {_kind(value)}: {expected} is expected")

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty."""
        value = self._get(key, "a text", default is None)
        if isinstance(value, str) and value:
            return value
        if value is not None:
            self._wrong(key, value, "a text that is not empty")
        return default or ""

    def choice(self, key: str, allowed: Iterable[str], default: str | None = None) -> str:
        """A text out of a fixed or named set."""
        value = self.text(key, default)
        if key in self.values and value:
            self.known(key, value, allowed)
        return value

    def known(self, key: str, value: str, allowed: Iterable[str]) -> bool:
        """Records a problem at `key` unless `value` is among the allowed names."""
        names = list(allowed)
        if value in names:
            return True
        self.problem(key, f'"{value}" is not known', suggest(value, names))
        return False

    def integer(self, key: str, default: int | None = None, low: int = 0, high: int = 1_000_000_000) -> int:
        """A whole number from `low` to `high`."""
        value = self._get(key, "a whole number", default is None)
        fallback = low if default is None else default
        if value is None:
            return fallback
        if not isinstance(value, int) or isinstance(value, bool):
            self._wrong(key, value, f"a whole number from {low} to {high}")
            return fallback
        if not low <= value <= high:
            self.problem(key, f"is {value}: it must be from {low} to {high}")
            return fallback
        return value

    def number(self, key: str, default: float | None = None, low: float = 0.0, high: float = 1e9) -> float:
        """A number from `low` to `high`."""
        value = self._get(key, "a number", default is None)
        fallback = low if default is None else default
        if value is None:
            return fallback
        if not isinstance(value, int | float) or isinstance(value, bool):
            self._wrong(key, value, f"a number from {low:g} to {high:g}")
            return fallback
        if not low <= value <= high:
            self.problem(key, f"is {value:g}: it must be from {low:g} to {high:g}")
            return fallback
        return float(value)

    def seconds(self, key: str, default: float | None = None, low: float = 0.0, high: float = 86_400.0) -> int:
        """A duration written in seconds, returned in integer microseconds."""
        return round(self.number(key, default, low, high) * MICROSECONDS)

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self._get(key, "true or false", required=False)
        if value is None:
            return default
        if not isinstance(value, bool):
            self._wrong(key, value, "true or false")
            return default
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts."""
        value = self._get(key, "a list of texts", default is None)
        if value is None:
            return default or ()
        if not isinstance(value, list):
            self._wrong(key, value, "a list of texts")
            return default or ()
        return tuple(item for index, item in enumerate(value) if self._text_item(key, index, item))

    def _text_item(self, key: str, index: int, item: object) -> bool:
        if isinstance(item, str) and item:
            return True
        self._wrong(f"{key}[{index}]", item, "a text that is not empty")
        return False

    def names(self, key: str, allowed: Iterable[str], default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts out of a named set."""
        names, values = list(allowed), self.texts(key, default)
        if key not in self.values:
            return values
        return tuple(value for index, value in enumerate(values) if self.known(f"{key}[{index}]", value, names))

    def table(self, key: str, required: bool = False) -> "Table":
        """The sub-table `key`; an empty one when it is absent."""
        value = self._get(key, "a table", required)
        if value is not None and not isinstance(value, Mapping):
            self._wrong(key, value, "a table")
        return Table(value if isinstance(value, Mapping) else {}, self.at(key), self.problems)

    def tables(self, key: str, required: bool = False) -> Iterator[tuple[str, "Table"]]:
        """The sub-tables of the table `key`, each with its name."""
        yield from self.table(key, required).entries()

    def rows(self, key: str) -> Iterator["Table"]:
        """The tables of the list `key`, which must be there."""
        value = self._get(key, "a list of tables", required=True)
        if value is None:
            return
        if not isinstance(value, list):
            self._wrong(key, value, "a list of tables")
            return
        for index, row in enumerate(value):
            if isinstance(row, Mapping):
                yield Table(row, self.at(f"{key}[{index}]"), self.problems)
            else:
                self._wrong(f"{key}[{index}]", row, "a table")

    def entries(self) -> Iterator[tuple[str, "Table"]]:
        """Every value of this table as a table, each with its name."""
        for name in self.values:
            yield name, self.table(name)

    def levels(self, key: str, skills: Iterable[str], low: int = 1) -> tuple[tuple[str, int], ...]:
        """A table of skill = 1..10 (or from `low`), in the order of the file."""
        table, names = self.table(key), list(skills)
        return tuple(
            (skill, table.integer(skill, low=low, high=10))
            for skill in table.values
            if table.known(skill, skill, names)
        )

    def finish(self) -> None:
        """Records every key that nobody asked for: a typing mistake would otherwise be ignored in silence."""
        for key in self.values:
            if key not in self._asked:
                self.problem(key, "is not a key of this table", suggest(key, self._asked))
