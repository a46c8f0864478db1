"""Reads the TOML files of a site, with every mistake collected instead of stopping at the first."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

from config.problems import ConfigProblem
from ivr.reading import FlowProblem, Table

# The records have this many characters for whatever has a name in the files.
LONGEST_NAME = 64


def check_names(table: Table) -> None:
    """Rows whose names are longer than the records can keep."""
    for name in table.values:
        if len(name) > LONGEST_NAME:
            table.problem(name, f"is a name of more than {LONGEST_NAME} characters", "take a shorter one")


def read_file(path: Path, problems: list[FlowProblem], missing: str | None = None) -> Table:
    """The file as a table that adds to `problems`; an empty one when it cannot be read, or is not there.

    `missing` is what to do about a file that is not there; None: the site need not have it.
    """
    values: dict[str, object] = {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if missing is not None:
            problems.append(FlowProblem("", "the file is missing", missing))
    except (OSError, UnicodeDecodeError) as error:
        problems.append(FlowProblem("", f"the file cannot be read: {error}", "save it as UTF-8 text"))
    except tomllib.TOMLDecodeError as error:
        problems.append(FlowProblem("", f"is not valid TOML: {error}", "texts need quotes, tables square brackets"))
    return Table(values, "", problems)


def in_file(name: str, problems: Iterable[FlowProblem]) -> tuple[ConfigProblem, ...]:
    """The mistakes with the name of the file they are in."""
    return tuple(ConfigProblem(name, each.path, each.message, each.suggestion) for each in problems)
