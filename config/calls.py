"""calls.toml: what holds for calls beside their queues. A site need not have it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.reading import FlowProblem, Table

FILE = "calls.toml"


@dataclass(frozen=True, slots=True)
class CallsConfig:
    """`show_listeners`: agents see a supervisor who listens to them without being heard."""

    show_listeners: bool = True


def read_calls(root: Path, problems: list[FlowProblem]) -> CallsConfig:
    """The file in the folder `root`; mistakes are added to `problems`."""
    file = Table(_values(root / FILE, problems), "", problems)
    config = CallsConfig(show_listeners=file.flag("show_listeners", default=True))
    file.finish()
    return config


def _values(path: Path, problems: list[FlowProblem]) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        problems.append(FlowProblem("", f"the file cannot be read: {error}", "save it as UTF-8 text"))
    except tomllib.TOMLDecodeError as error:
        problems.append(FlowProblem("", f"is not valid TOML: {error}", "texts need quotes, tables square brackets"))
    return {}
