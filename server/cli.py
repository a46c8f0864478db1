"""The commands of `python -m server`."""

import argparse
import asyncio
import getpass
import os
import re
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
import uvloop

import config
from config.problems import ConfigProblems
from config.settings import Settings, SettingsError, add_arguments, read_settings
from config.site import Site
from config.whole import load_whole
from records.accounts import Account, Accounts
from records.api_keys import ApiKeys
from records.database import Database, DatabaseError
from records.phones import Phones
from records.webhooks import KINDS
from server import simulate
from server.backup import BackupError, back_up, restore
from server.clock import wall_us
from server.control import NotRunningError, ask
from server.embedded import EmbeddedError
from server.explain_command import explain
from server.flow_commands import draw, walk_flows
from server.journal_commands import export_journal, replay_journal
from server.node import Node
from server.people import role_of
from server.telephony import REALM
from server.tls import TlsError
from store.errors import StoreError
from telemetry import logs

log = structlog.get_logger(__name__)

MIN_PASSWORD = 10
KEY_NAME = re.compile(r"[A-Za-z0-9._-]{1,59}")


class CommandError(Exception):
    """The command cannot be done; the text is for the person who gave it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status (2 for bad arguments or a bad site)."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if (bare := getattr(arguments, "bare", None)) is not None:  # needs no site and no settings
        return int(bare(arguments))
    try:
        settings = read_settings(arguments, os.environ)
        site = config.load(settings.site)
        logs.configure(settings.log_level, json=settings.log_format == "json")
        command: Callable[[argparse.Namespace, Settings, Site], Coroutine[object, object, int]] = arguments.command
        return uvloop.run(command(arguments, settings, site))
    except (
        SettingsError,
        ConfigProblems,
        CommandError,
        BackupError,
        EmbeddedError,
        StoreError,
        TlsError,
        DatabaseError,
    ) as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m server", description="Jackfield, a contact-center routing server")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command, text in (
        ("run", run, "run the server until Ctrl-C"),
        ("drain", drain, "have the running server take nothing new, finish its calls and end"),
        ("reload", reload, "have the running server read the site's files again, without losing a call"),
        ("bans", bans, "show the SIP hosts that the running server has shut out, or let them in again"),
        ("backup", backup, "copy all that the running server keeps, while it runs"),
        ("restore", put_back, "make a new data directory from a backup"),
        ("check-config", check_config, "check the site's files and print each mistake"),
        ("test-flows", walk_flows, "walk through the site's flow tests and print what fails"),
        ("draw-flows", draw, "draw a picture (SVG) of each flow"),
        ("set-password", set_password, "set the password of an agent's account"),
        ("make-api-key", make_api_key, "make a key for a program, in place of an earlier one of that name"),
        ("revoke-api-key", revoke_api_key, "end a program's key"),
        ("explain", explain, "tell why work waits or was offered to whom, or why an agent gets nothing"),
        ("export-journal", export_journal, "write the journal of the running or stopped server to one file"),
        ("set-phone-password", set_phone_password, "set the SIP password of an agent's phone"),
    ):
        sub = commands.add_parser(name, help=text, description=text)
        if name == "backup":
            sub.add_argument("--out", metavar="FOLDER", required=True, help="gets the backup; must not exist yet")
        if name == "restore":
            sub.add_argument("backup", metavar="FOLDER", help="what `backup` wrote")
        if name == "bans":
            sub.add_argument("--lift", action="store_true", help="let all of them in again")
        if name == "draw-flows":
            sub.add_argument("--out", metavar="FOLDER", default=".", help="gets flow-<name>.svg for each flow")
        if name == "explain":
            sub.add_argument("id", help="of a work item, an interaction or an agent")
            sub.add_argument("--json", action="store_true", help="as the API tells it")
        if name == "export-journal":
            sub.add_argument("--out", metavar="FILE", default="jackfield.journal", help="the file to write")
            sub.add_argument("--segments", metavar="COUNT", type=int, default=0, help="only the newest; 0 is all")
        if name.endswith("-api-key"):
            sub.add_argument("name", help="the program's name")
        if name.startswith("set-"):
            sub.add_argument("agent", help="the agent's id in agents.toml")
            sub.add_argument("--from-stdin", action="store_true", help="read the password from standard input")
        add_arguments(sub)
        sub.set_defaults(command=command)
    text = "run a recorded journal through a new dispatcher and tell the first difference (status 1)"
    sub = commands.add_parser("replay", help=text, description=text)
    sub.add_argument("journal", help="a journal file, or a folder of them")
    sub.set_defaults(bare=replay_journal)
    sub = commands.add_parser("simulate", help=simulate.TEXT, description=simulate.TEXT)
    simulate.add_arguments(sub)
    sub.set_defaults(bare=simulate.run)
    return parser


async def run(_arguments: argparse.Namespace, settings: Settings, site: Site) -> int:
    """Until SIGINT or SIGTERM, or until a vital part fails (status 1)."""
    _allow_descriptors()
    node = Node(settings, load_whole(settings.site, KINDS, os.environ))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, node.request_stop)
    loop.add_signal_handler(signal.SIGHUP, node.reload)
    try:
        await node.start()
    except (OSError, StoreError) as error:
        raise CommandError(f"Jackfield could not start: {error}") from error
    _print_welcome(settings, site)
    await node.wait()
    print("stopping ...", flush=True)
    await node.stop()
    if node.failed is not None:
        print(f"stopped because {node.failed} failed; the log says why", file=sys.stderr)
        return 1
    return 0


def _print_welcome(settings: Settings, site: Site) -> None:
    dialled = [f"sip:{user}@{settings.advertise}:{settings.sip_port}" for user in site.entries]
    if settings.sip_tls_port:
        dialled += [f"sips:{user}@{settings.advertise}:{settings.sip_tls_port}" for user in site.entries]
    lines = [
        f"{site.name}",
        f"  agent page   {settings.base_url}/agent/",
        f"  others       {settings.base_url}/ (supervisors, visitors)",
        f"  dial         {', '.join(dialled)}",
    ]
    if site.demo_password and settings.on_loopback:
        names = ", ".join(
            agent.agent_id + (f" (SIP phone {agent.sip_user})" if agent.sip_user else "")
            for agent in site.agents.values()
        )
        lines += [f"  demo agents  {names}", f"  password     {site.demo_password}"]
    elif site.demo_password:
        lines.append("  demo accounts are refused off loopback: python -m server set-password AGENT makes a real one")
    print("\n".join([*lines, "ready"]), flush=True)


def _allow_descriptors() -> None:
    """As many open files as the system lets us have: each connection is one, and the usual 1,024 are soon gone."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def check_config(_arguments: argparse.Namespace, settings: Settings, site: Site) -> int:
    """What is wrong with the files that `config.load` reads has been said before this is reached."""
    load_whole(settings.site, KINDS, os.environ)
    print(
        f"{settings.site}: no mistakes ({len(site.flows)} flows, {len(site.queues)} queues, {len(site.agents)} agents)"
    )
    return 0


async def reload(_arguments: argparse.Namespace, settings: Settings, _site: Site) -> int:
    """Prints what has changed, or each mistake (status 2), and then nothing has."""
    answer = await _ask(settings, "reload")
    if "error" in answer:
        raise CommandError(answer["error"])
    print(f"the server goes by version {answer['after']} of {settings.site}, before it was {answer['before']}")
    for section, kinds in answer["changes"].items():
        for kind, names in kinds.items():
            print(f"  {section}: {kind} {', '.join(names)}")
    return 0


async def backup(arguments: argparse.Namespace, settings: Settings, _site: Site) -> int:
    """Prints how many files are in it."""
    manifest = await back_up(settings, Path(arguments.out))
    print(f"{arguments.out}: {len(manifest['sha256'])} files; the site's own files are not among them")
    return 0


async def put_back(arguments: argparse.Namespace, settings: Settings, _site: Site) -> int:
    """Checks every file first."""
    manifest = await restore(settings, Path(arguments.backup))
    print(f"{settings.data_dir}: {len(manifest['sha256'])} files put back; start the server")
    return 0


async def drain(_arguments: argparse.Namespace, settings: Settings, _site: Site) -> int:
    """Returns when the server ends: its calls and chats are over, or its time for them is."""
    answer = await _ask(settings, "drain")
    print(f"drained; calls and chats that were still open: {answer['left']}")
    return 0


async def bans(arguments: argparse.Namespace, settings: Settings, _site: Site) -> int:
    """One line for each host."""
    found = await _ask(settings, "lift-bans" if arguments.lift else "bans")
    for ban in found:
        print(
            f"{ban['host']}: for {ban['seconds']} s, {ban['times']}. time{', let in again' if arguments.lift else ''}"
        )
    if not found:
        print("nobody is shut out")
    return 0


async def _ask(settings: Settings, command: str) -> Any:
    try:
        return await ask(settings.data_dir, command)
    except NotRunningError as error:
        raise CommandError(f"no server runs on {settings.data_dir}: {error}") from error


async def set_password(arguments: argparse.Namespace, settings: Settings, site: Site) -> int:
    """Makes the account or changes it; its sessions end."""
    agent = site.agents.get(arguments.agent)
    if agent is None:
        raise CommandError(f"there is no agent {arguments.agent!r} in {settings.site}/agents.toml")
    password = _password(arguments, site)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = await Database.open(settings.database_url)
    try:
        account = Account(agent.agent_id, role_of(agent.role), agent.agent_id)
        await Accounts(database).set_password(account, password, wall_us())
    finally:
        await database.close()
    print(f"password of {agent.agent_id} set")
    return 0


async def make_api_key(arguments: argparse.Namespace, settings: Settings, _site: Site) -> int:
    """Prints the key, once; only its hash is kept."""
    if not KEY_NAME.fullmatch(arguments.name):
        raise CommandError("a program's name has 1 to 59 letters, digits, dots, dashes and underscores")
    async with _opened(settings) as database:
        print(await ApiKeys(database).make(arguments.name, wall_us()))
    return 0


async def revoke_api_key(arguments: argparse.Namespace, settings: Settings, _site: Site) -> int:
    """The key opens nothing from now on."""
    async with _opened(settings) as database:
        if not await ApiKeys(database).revoke(arguments.name):
            raise CommandError(f"there is no key {arguments.name!r}")
    print(f"key {arguments.name} revoked")
    return 0


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Database]:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = await Database.open(settings.database_url)
    try:
        yield database
    finally:
        await database.close()


async def set_phone_password(arguments: argparse.Namespace, settings: Settings, site: Site) -> int:
    """Sets a phone's digest secrets; the server reads them at its start and at each reload."""
    agent = site.agents.get(arguments.agent)
    if agent is None or not agent.sip_user:
        raise CommandError(f"there is no agent {arguments.agent!r} with a SIP phone in {settings.site}/agents.toml")
    password = _password(arguments, site)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = await Database.open(settings.database_url)
    try:
        await Phones(database).set_password(agent.sip_user, REALM, password)
    finally:
        await database.close()
    print(f"SIP password of phone {agent.sip_user} set; `python -m server reload` makes a running server use it")
    return 0


def _password(arguments: argparse.Namespace, site: Site) -> str:
    given = sys.stdin.readline().rstrip("\n") if arguments.from_stdin else getpass.getpass("new password: ")
    if len(given) < MIN_PASSWORD or given == site.demo_password:
        raise CommandError(f"a password has at least {MIN_PASSWORD} characters and is not the demo's")
    return given
