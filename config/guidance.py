"""guidance.toml: what agents say and go by: canned replies, scripts, and words for what menus collect. Pure.

A site may have none. Texts are for customers, so each is in the languages that the site gives it; what a text may fill
in is in VARIABLES, and what a customer told before (a flow's or a page's data) as {data.KEY}.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from config.rows import read_named, read_title
from config.site import Named, Reply
from ivr.reading import Table, suggest

FILE = "guidance.toml"
VARIABLES = ("customer", "agent", "queue", "site", "number", "waited", "date", "time")
MAX_REPLY = 4000
MAX_SCRIPT = 20_000
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_BRACES = re.compile(r"\{([^{}]*)\}")
_DATA = re.compile(r"data\.[A-Za-z_][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class Guidance:
    """The whole file. `scripts`: queue -> language -> text. `words`: a menu's label, or a value that a flow sets."""

    replies: Mapping[str, Reply] = field(default_factory=dict)
    scripts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    words: Mapping[str, Named] = field(default_factory=dict)


def read_guidance(file: Table, queues: Collection[str]) -> Guidance:
    """The file's tables; mistakes are recorded in `file`."""
    replies = {name: _reply(name, row, queues) for name, row in file.tables("replies")}
    scripts: dict[str, Mapping[str, str]] = {}
    rows = file.table("scripts")
    for queue, row in rows.entries():
        rows.known(queue, queue, queues)
        scripts[queue] = _texts(row, MAX_SCRIPT)
    words = {text: read_named(text, row) for text, row in file.table("words").entries()}
    file.finish()
    return Guidance(MappingProxyType(replies), MappingProxyType(scripts), MappingProxyType(words))


def _reply(name: str, row: Table, queues: Collection[str]) -> Reply:
    if not _NAME.fullmatch(name):
        row.problem("", "is no name to type behind a slash", "lower-case letters, digits, - and _, 40 at most")
    title, titles = read_title(row)
    reply = Reply(name, title, titles, row.names("queues", queues, ()), _texts(row.table("text", True), MAX_REPLY))
    row.finish()
    return reply


def _texts(table: Table, longest: int) -> Mapping[str, str]:
    texts: dict[str, str] = {}
    for language in table.values:
        text = table.text(language).strip()
        if not _LANGUAGE.fullmatch(language):
            table.problem(language, "is no language", 'for example en or "zh-CN"')
        if len(text) > longest:
            table.problem(language, f"has {len(text)} characters: {longest} at most")
        for name in _BRACES.findall(text):
            if name not in VARIABLES and not _DATA.fullmatch(name):
                hint = suggest(name, VARIABLES)
                table.problem(language, f'"{{{name}}}" is not known', f"{hint}; or {{data.KEY}}")
        texts[language] = text
    if not table.values:
        table.problem("", "has no text", 'for example en = "Good morning, {customer}."')
    return MappingProxyType(texts)
