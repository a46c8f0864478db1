"""Everything in a site's folder, read and checked as one, and what differs between two readings of it."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

from config.calls import CallsConfig
from config.chats import ChatsConfig, load_chats
from config.flow_tests import load_flow_tests
from config.loader import load
from config.problems import ConfigProblem, ConfigProblems
from config.site import Site
from config.webhooks import Hook, load_hooks

T = TypeVar("T")
Changes = Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class WholeSite:
    """`digests` are the SHA-256 of each file by its path in the folder, `version` is made of them."""

    site: Site
    chats: ChatsConfig
    hooks: Mapping[str, Hook]
    digests: Mapping[str, str]
    version: str


def load_whole(path: str | Path, hook_events: Collection[str], environ: Mapping[str, str]) -> WholeSite:
    """Reads the folder. Raises ConfigProblems with the mistakes of all its files."""
    root = Path(path)
    found: list[ConfigProblem] = []

    def read(load_part: Callable[[], T]) -> T | None:
        try:
            return load_part()
        except ConfigProblems as problems:
            found.extend(problems.problems)
            return None

    site = read(lambda: load(root))
    chats = None if site is None else read(lambda: load_chats(root, site))
    hooks = read(lambda: load_hooks(root, hook_events, environ))
    if site is not None:
        read(lambda: load_flow_tests(site))
    if found or site is None or chats is None or hooks is None:
        raise ConfigProblems(str(root), tuple(found))
    digests = _digests(root)
    version = hashlib.sha256("\n".join(f"{name} {digest}" for name, digest in digests.items()).encode()).hexdigest()
    return WholeSite(site, chats, hooks, digests, version[:12])


def changes(before: WholeSite, after: WholeSite) -> Changes:
    """What was `added`, `removed` and `changed`, by section of the site (queues, agents, flows, ...); {} for nothing.

    Names only: rows may hold what is not for everybody's eyes.
    """
    sections: dict[str, tuple[Mapping[str, object], Mapping[str, object]]] = {}
    for one in fields(Site):
        old, new = getattr(before.site, one.name), getattr(after.site, one.name)
        if isinstance(old, Mapping):
            sections[one.name] = (old, new)
        elif isinstance(old, str | tuple):
            sections.setdefault("site", ({}, {}))
            sections["site"] = ({**sections["site"][0], one.name: old}, {**sections["site"][1], one.name: new})
    sections["prompts"] = (_prompts(before.digests), _prompts(after.digests))
    sections["chat_entries"] = (before.chats.entries, after.chats.entries)
    sections["chats"] = (_rest_of(before.chats), _rest_of(after.chats))
    sections["calls"] = (_plain(before.site.calls), _plain(after.site.calls))
    sections["hooks"] = (before.hooks, after.hooks)
    found = {name: _difference(*pair) for name, pair in sections.items()}
    return {name: difference for name, difference in found.items() if difference}


def _difference(before: Mapping[str, object], after: Mapping[str, object]) -> Mapping[str, tuple[str, ...]]:
    kinds = {
        "added": [name for name in after if name not in before],
        "removed": [name for name in before if name not in after],
        "changed": [name for name in after if name in before and before[name] != after[name]],
    }
    return {kind: tuple(names) for kind, names in kinds.items() if names}


def _prompts(digests: Mapping[str, str]) -> Mapping[str, object]:
    return {name: digest for name, digest in digests.items() if name.startswith("prompts/")}


def _plain(calls: CallsConfig) -> Mapping[str, object]:
    trunks = {f"trunks.{name}": trunk for name, trunk in calls.trunks.items()}
    return {"show_listeners": calls.show_listeners, **trunks}


def _rest_of(chats: ChatsConfig) -> Mapping[str, object]:
    return {one.name: getattr(chats, one.name) for one in fields(ChatsConfig) if one.name != "entries"}


def _digests(root: Path) -> Mapping[str, str]:
    files = [*root.glob("*.toml"), *(root / "flows").rglob("*.toml"), *(root / "prompts").rglob("*.wav")]
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)}
