"""Passwords of agents and of their telephones, and a program's key, as `python -m server set-password` would make them.

Written before any node starts, in one process: the same tables, without a second for each agent; hashed as a demo's
are.
"""

from collections.abc import Sequence

from records.accounts import Account, Role
from records.api_keys import ApiKeys
from records.database import Database
from records.phones import Phones
from server.calls.telephony import REALM
from server.clock import wall_us
from server.web.people import public_accounts
from tests.e2e.server import PASSWORD
from tests.failure.layout import phone_of


async def make_accounts(database_url: str, crews: Sequence[Sequence[str]]) -> str:
    """Returns the key."""
    database = await Database.open(database_url)
    try:
        for agent in (agent for crew in crews for agent in crew):
            await public_accounts(database).set_password(Account(agent, Role.AGENT, agent), PASSWORD, wall_us())
            await Phones(database).set_password(phone_of(agent), REALM, PASSWORD)
        return await ApiKeys(database).make("post", wall_us())
    finally:
        await database.close()
