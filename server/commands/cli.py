"""The commands of `python -m server`. Only what the given command needs is imported: most need no server."""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from pkgutil import resolve_name
from typing import Any

import uvloop

import config
from config.problems import ConfigProblems
from config.settings import Settings, SettingsError, add_arguments, read_settings
from config.site import Site
from server.commands.refused import CommandError
from telemetry import logs

Command = Callable[[argparse.Namespace, Settings, Site], Coroutine[object, object, int]]

# Name, where it is, what it does. Each is given the arguments, the settings and the site.
COMMANDS = (
    ("run", "server.commands.run_command:run", "run the server until Ctrl-C"),
    (
        "drain",
        "server.commands.live_commands:drain",
        "have the running server take nothing new, finish its calls and end",
    ),
    (
        "reload",
        "server.commands.live_commands:reload",
        "have the running server read the site's files again, without losing a call",
    ),
    (
        "bans",
        "server.commands.live_commands:bans",
        "show the SIP hosts that the running server has shut out, or let them in again",
    ),
    ("backup", "server.commands.backup_commands:backup", "copy all that the running server keeps, while it runs"),
    ("restore", "server.commands.backup_commands:put_back", "make a new data directory from a backup"),
    (
        "accept-empty-store",
        "server.commands.empty_store_command:accept",
        "go on with a store that has lost everything, after the server has refused to start on it",
    ),
    ("check-config", "server.commands.check_command:check_config", "check the site's files and print each mistake"),
    (
        "test-flows",
        "server.commands.flow_commands:walk_flows",
        "walk through the site's flow tests and print what fails",
    ),
    ("draw-flows", "server.commands.flow_commands:draw", "draw a picture (SVG) of each flow"),
    ("set-password", "server.commands.account_commands:set_password", "set the password of an agent's account"),
    (
        "make-api-key",
        "server.commands.account_commands:make_api_key",
        "make a key for a program, in place of an earlier one of that name",
    ),
    ("revoke-api-key", "server.commands.account_commands:revoke_api_key", "end a program's key"),
    (
        "explain",
        "server.commands.explain_command:explain",
        "tell why work waits or was offered to whom, or why an agent gets nothing",
    ),
    (
        "export-journal",
        "server.commands.journal_commands:export_journal",
        "write the journal of the running or stopped server to one file",
    ),
    (
        "set-phone-password",
        "server.commands.account_commands:set_phone_password",
        "set the SIP password of an agent's phone",
    ),
)
# These need no site and no settings: they are given their arguments alone.
BARE_COMMANDS = (
    (
        "replay",
        "server.commands.journal_commands:replay_journal",
        "run a recorded journal through a new dispatcher and tell the first difference (status 1)",
    ),
    (
        "simulate",
        "server.commands.simulate:run",
        "play a scenario of customers and agents through the router, in simulated time (docs/simulator.md)",
    ),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status (2 for bad arguments or a bad site)."""
    given = sys.argv[1:] if argv is None else argv
    arguments = _parser(given[0] if given else "").parse_args(given)
    if (bare := getattr(arguments, "bare", None)) is not None:
        run_bare: Callable[[argparse.Namespace], int] = _imported(bare)
        return run_bare(arguments)
    try:
        settings = read_settings(arguments, os.environ)
        site = config.load(settings.site)
        logs.configure(settings.log_level, json=settings.log_format == "json")
        command: Command = _imported(arguments.command)
        return uvloop.run(command(arguments, settings, site))
    except (SettingsError, ConfigProblems, CommandError) as error:
        print(error, file=sys.stderr)
        return 2
    except Exception as error:
        if not isinstance(error, _told()):
            raise
        print(error, file=sys.stderr)
        return 2


def _imported(where: str) -> Any:
    """What modules make lives as long as the process: looking for garbage meanwhile takes a quarter of a start."""
    gc.disable()
    try:
        return resolve_name(where)
    finally:
        gc.enable()


def _told() -> tuple[type[Exception], ...]:
    """Errors whose text says what the reader can do about them; imported when one may be among them."""
    from records.database import DatabaseError
    from server.persistence.backup import BackupError
    from server.persistence.embedded import EmbeddedError
    from server.web.tls import TlsError
    from store.errors import StoreError

    return BackupError, EmbeddedError, StoreError, TlsError, DatabaseError


def _parser(chosen: str) -> argparse.ArgumentParser:
    """Every command is listed; the arguments of the chosen one are known."""
    parser = argparse.ArgumentParser(prog="python -m server", description="Jackfield, a contact-center routing server")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, where, text in COMMANDS:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=where)
        if name == chosen:
            _add_own(name, sub)
            add_arguments(sub)
    for name, where, text in BARE_COMMANDS:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(bare=where)
        if name == chosen == "replay":
            sub.add_argument("journal", help="a journal file, or a folder of them")
        elif name == chosen:
            _imported("server.commands.simulate:add_arguments")(sub)
    return parser


def _add_own(name: str, sub: argparse.ArgumentParser) -> None:
    """What this command alone is told, beside the settings."""
    match name:
        case "backup":
            sub.add_argument("--out", metavar="FOLDER", required=True, help="gets the backup; must not exist yet")
        case "restore":
            sub.add_argument("backup", metavar="FOLDER", help="what `backup` wrote")
        case "bans":
            sub.add_argument("--lift", action="store_true", help="let all of them in again")
        case "draw-flows":
            sub.add_argument("--out", metavar="FOLDER", default=".", help="gets flow-<name>.svg for each flow")
        case "explain":
            sub.add_argument("id", help="of a work item, an interaction or an agent")
            sub.add_argument("--json", action="store_true", help="as the API tells it")
        case "export-journal":
            sub.add_argument("--out", metavar="FILE", default="jackfield.journal", help="the file to write")
            sub.add_argument("--segments", metavar="COUNT", type=int, default=0, help="only the newest; 0 is all")
        case "make-api-key" | "revoke-api-key":
            sub.add_argument("name", help="the program's name")
        case "set-password" | "set-phone-password":
            sub.add_argument("agent", help="the agent's id in agents.toml")
            sub.add_argument("--from-stdin", action="store_true", help="read the password from standard input")
