"""The hooks that a site tells what happens: webhooks.toml, which a site need not have."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from config.files import check_names, in_file, read_file
from config.problems import ConfigProblems
from ivr.reading import FlowProblem, Table

FILE = "webhooks.toml"


@dataclass(frozen=True, slots=True)
class Hook:
    """One receiver. The secret that signs is in the environment variable `secret_env`, never in the file."""

    name: str
    url: str
    events: frozenset[str]
    secret_env: str


def load_hooks(root: Path, kinds: Collection[str], environ: Mapping[str, str]) -> Mapping[str, Hook]:
    """The hooks of the site in `root`, by name. Raises ConfigProblems.

    `kinds` are the events that there are; "*" asks for all of them.
    """
    problems: list[FlowProblem] = []
    file = read_file(root / FILE, problems)
    table = file.table("hooks", required=(root / FILE).is_file() and not problems)
    check_names(table)
    hooks = {name: _hook(name, row, kinds, environ) for name, row in table.entries()}
    file.finish()
    if problems:
        raise ConfigProblems(str(root), in_file(FILE, problems))
    return MappingProxyType(hooks)


def _hook(name: str, table: Table, kinds: Collection[str], environ: Mapping[str, str]) -> Hook:
    asked = table.names("events", (*kinds, "*"))
    hook = Hook(
        name=name,
        url=table.text("url"),
        events=frozenset(kinds if "*" in asked else asked),
        secret_env=table.text("secret_env"),
    )
    if hook.url and not hook.url.startswith(("http://", "https://")):
        table.problem("url", "is not an http:// or https:// address")
    if hook.secret_env and not environ.get(hook.secret_env):
        table.problem("secret_env", f"names {hook.secret_env}, which is not set", f"export {hook.secret_env}=...")
    table.finish()
    return hook
