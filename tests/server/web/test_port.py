"""Sign-in that knows the demo's public password. (tests/server/test_node.py has the listening.)"""

from records.accounts import Account, Accounts, Role
from records.api_keys import ApiKeys
from records.database import Database
from records.sessions import Sessions, SignIn
from server.web.port import GuardedSignIn
from tests.server.house import CHEAP


async def test_a_password_that_may_not_be_used_here_opens_nothing(database: Database) -> None:
    accounts = Accounts(database, CHEAP)
    await accounts.set_password(Account("anna", Role.AGENT, "anna"), "demo-secret", 1)
    plain = SignIn(accounts, Sessions(database))
    ended: list[str] = []
    guarded = GuardedSignIn(
        plain, lambda password: password != "demo-secret", ApiKeys(database), signed_out=ended.append
    )
    assert await guarded.sign_in("anna", "demo-secret", 1) is None
    assert await plain.sign_in("anna", "demo-secret", 1) is not None
    await accounts.set_password(Account("anna", Role.AGENT, "anna"), "her own password", 1)
    signed = await guarded.sign_in("anna", "her own password", 1)
    assert signed is not None
    assert await guarded.authenticate(signed.token, 2) == signed.caller
    await guarded.sign_out(signed.token)
    assert set(ended) == {signed.token}
    assert await guarded.authenticate(signed.token, 3) is None


async def test_a_key_is_a_program_and_no_session(database: Database) -> None:
    keys, plain = ApiKeys(database), SignIn(Accounts(database, CHEAP), Sessions(database))
    guarded = GuardedSignIn(plain, lambda _password: True, keys)
    caller = await guarded.authenticate(await keys.make("crm", 1), 2)
    assert caller is not None
    assert (caller.account, caller.role) == ("key:crm", Role.API)
    assert await guarded.authenticate("jfk_guess", 2) is None
    assert await plain.authenticate(await keys.make("crm", 3), 4) is None
