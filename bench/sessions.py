"""Agents who are signed in already: a session for each, written into the records, because a password takes a while."""

import hashlib
import time
from collections.abc import Sequence

from records.database import Database
from records.sessions import DEFAULT_LIFETIME_US
from records.tables import accounts, sessions


async def open_sessions(database: Database, agents: Sequence[str]) -> dict[str, str]:
    """The token of each agent's session. Nobody signs in, so that the accounts have no password."""
    now = time.time_ns() // 1000
    made = {agent_id: f"bench-{agent_id}" for agent_id in agents}
    people = [{"name": one, "role": "agent", "agent_id": one, "password_hash": "", "changed_at": now} for one in made]
    opened = [
        {
            "token_hash": hashlib.sha256(token.encode()).hexdigest(),
            "account": agent_id,
            "created_at": now,
            "expires_at": now + DEFAULT_LIFETIME_US,
        }
        for agent_id, token in made.items()
    ]
    async with database.write() as connection:
        await connection.execute(accounts.insert(), people)
        await connection.execute(sessions.insert(), opened)
    return made
