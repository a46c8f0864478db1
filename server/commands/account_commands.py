"""Passwords of agents and of their phones, and programs' keys, written while the server runs or not."""

import argparse
import getpass
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from config.settings import Settings
from config.site import Site
from records.accounts import Account, Accounts
from records.api_keys import ApiKeys
from records.database import Database
from records.phones import Phones
from server.calls.telephony import REALM
from server.clock import wall_us
from server.commands.refused import CommandError
from server.web.people import role_of

MIN_PASSWORD = 10
KEY_NAME = re.compile(r"[A-Za-z0-9._-]{1,59}")


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
