"""Accounts and phone secrets of a site: the demo's own, refused off loopback, and those set by command."""

import structlog
from argon2 import PasswordHasher

from config.site import Site
from records.accounts import Account, Accounts, Role
from records.database import Database
from records.phones import Phones, PhoneSecret, phone_secret
from server.current import CurrentSite

log = structlog.get_logger(__name__)

ROLES = {"expert": Role.EXPERT, "supervisor": Role.SUPERVISOR, "operations": Role.ADMINISTRATOR}


def role_of(site_role: str) -> Role:
    """What an account may do (records.roles has the table)."""
    return ROLES.get(site_role, Role.AGENT)


def public_accounts(database: Database) -> Accounts:
    """Where a demo's accounts are made: their password is in the site's files, so hashing it costs what little it can.

    A server starts two seconds sooner; whoever signs in has the hash made anew at its usual price.
    """
    return Accounts(database, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class People:
    """`accounts` makes those of a demo (`public_accounts`).

    `serve_demo`: only this machine can reach the server, so the demo's well-known password may be used.
    """

    def __init__(
        self, current: CurrentSite, accounts: Accounts, phones: Phones, realm: str, *, serve_demo: bool
    ) -> None:
        self._current = current
        self._accounts = accounts
        self._phones = phones
        self._realm = realm
        self._serve_demo = serve_demo

    async def make_demo_accounts(self, site: Site, now: int) -> None:
        """An account for each agent of a demo site that has none yet."""
        demo = self._demo(site)
        if not demo:
            return
        for agent in site.agents.values():
            if await self._accounts.get(agent.agent_id) is None:
                account = Account(agent.agent_id, role_of(agent.role), agent.agent_id)
                await self._accounts.set_password(account, demo, now)

    def login_allowed(self, password: str) -> bool:
        """A demo's password is public: off loopback it opens nothing, whenever the account was made."""
        demo = self._current.site.demo_password
        return not demo or self._serve_demo or password != demo

    async def phone_secrets(self, site: Site) -> dict[str, PhoneSecret]:
        """Each phone's secret: the one set by command, else the demo's."""
        secrets: dict[str, PhoneSecret] = {}
        demo = self._demo(site)
        for agent in site.agents.values():
            if not agent.sip_user:
                continue
            kept = await self._phones.get(agent.sip_user, self._realm)
            if kept is not None:
                secrets[agent.sip_user] = kept
            elif demo:
                secrets[agent.sip_user] = phone_secret(agent.sip_user, self._realm, demo)
        return secrets

    def _demo(self, site: Site) -> str:
        return site.demo_password if self._serve_demo else ""
