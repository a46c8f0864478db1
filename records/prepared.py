"""Statements that every call makes, run by SQLite's own driver: SQLAlchemy writes their text, once.

To run a statement through it takes several times as long as SQLite itself, and each call makes five.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import JSON, ColumnElement, Connection, Executable, bindparam, func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import Select
from sqlalchemy.sql.elements import CompilerElement

Values = Mapping[str, Any]
# A statement whose values are not all there is another matter: SQLAlchemy would do it, at its own price.
_REFUSED = (sqlite3.OperationalError, sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InternalError)


class Prepared:
    """One statement; `make` builds it for the dialect of that name (as records.database.insert_ignoring does).

    Its values, and the columns that it yields, are texts, integers and None, which need no conversion. `columns`
    are those that an INSERT gives, all when None; `lists` are values that are lists of texts (`among`). Raises as any
    statement of SQLAlchemy's, on any database.
    """

    def __init__(
        self, make: Callable[[str], Executable], columns: Sequence[str] | None = None, lists: Sequence[str] = ()
    ) -> None:
        self._make = make
        self._lists = lists
        self._columns = None if columns is None else list(columns)
        self._made: dict[str, Executable] = {}
        self._prepared: tuple[str, Values] | None = None

    def rows(self, connection: Connection, values: Values) -> Sequence[Any]:
        """What it yields, in the order of its columns."""
        driver = _driver(connection)
        if driver is not None:
            text, given = self.prepared
            packed = {name: msgspec.json.encode(values[name]).decode() for name in self._lists}
            try:
                return driver.execute(text, {**given, **values, **packed}).fetchall()
            except _REFUSED:
                pass  # what is wrong is told as with any statement
        return connection.execute(self._statement(connection), values).all()

    def run(self, connection: Connection, values: Values) -> int:
        """How many rows it changed."""
        driver = _driver(connection)
        if driver is not None:
            text, given = self.prepared
            try:
                return driver.execute(text, {**given, **values}).rowcount
            except _REFUSED:
                pass
        return connection.execute(self._statement(connection), values).rowcount

    def many(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Once for each of these, of which there is one at least."""
        driver = _driver(connection)
        if driver is not None:
            text, given = self.prepared
            try:
                driver.executemany(text, [{**given, **values} for values in rows] if given else rows)
            except _REFUSED:
                pass
            else:
                return
        connection.execute(self._statement(connection), rows)

    def _statement(self, connection: Connection) -> Executable:
        name = connection.dialect.name
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._make(name)
        return made

    @property
    def prepared(self) -> tuple[str, Values]:
        """What SQLite's driver is given, and the values that the statement has by itself.

        Raises TypeError for one that cannot be run so.
        """
        if self._prepared is None:
            self._prepared = _prepare(self._make("sqlite"), self._columns)
        return self._prepared


def among(dialect: str, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether it is one of the texts in the list of this name; for SQLite the statement is the same however many."""
    if dialect != "sqlite":
        return column.in_(bindparam(name, expanding=True))
    return column.in_(select(func.json_each(bindparam(name, type_=JSON)).table_valued("value").c.value))


def _driver(connection: Connection) -> sqlite3.Connection | None:
    """SQLite's own connection, where the statement is made in a thread that may wait for it."""
    driver = connection.connection.driver_connection
    return driver if isinstance(driver, sqlite3.Connection) else None


def _prepare(statement: Executable, columns: list[str] | None) -> tuple[str, Values]:
    dialect = sqlite.dialect(paramstyle="named")
    if isinstance(statement, Select):
        converted = [
            c.name for c in statement.selected_columns if c.type.dialect_impl(dialect).result_processor(dialect, None)
        ]
        if converted:
            raise TypeError(f"{', '.join(converted)}: to be converted, which is not done here")
    if not isinstance(statement, CompilerElement):
        raise TypeError("a statement that has no text")
    compiled = statement.compile(dialect=dialect, column_keys=columns)
    return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}
