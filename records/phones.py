"""Digest secrets of agents' SIP phones: H(user:realm:password) for each algorithm (RFC 7616), never the password."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from records.database import Database, insert_replacing
from records.tables import phones


@dataclass(frozen=True, slots=True)
class PhoneSecret:
    """HA1 in lower-case hexadecimal, for MD5 (what most phones speak) and SHA-256 (RFC 8760)."""

    user: str
    realm: str
    ha1_md5: str
    ha1_sha256: str


def phone_secret(user: str, realm: str, password: str) -> PhoneSecret:
    """Computes both HA1s."""
    text = f"{user}:{realm}:{password}".encode()
    md5 = hashlib.md5(text, usedforsecurity=False).hexdigest()
    return PhoneSecret(user, realm, md5, hashlib.sha256(text).hexdigest())


class Phones:
    """Keeps one secret for each user and realm."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set_password(self, user: str, realm: str, password: str) -> None:
        """Makes the phone's secret or changes it."""
        secret = phone_secret(user, realm, password)
        row = {"user": user, "realm": realm, "ha1_md5": secret.ha1_md5, "ha1_sha256": secret.ha1_sha256}
        async with self._database.write() as connection:
            await connection.execute(insert_replacing(connection, phones), row)

    async def get(self, user: str, realm: str) -> PhoneSecret | None:
        """The secret, None when this user has none in this realm."""
        query = select(phones).where(phones.c.user == user, phones.c.realm == realm)

        def work(connection: Connection) -> PhoneSecret | None:
            row = connection.execute(query).mappings().first()
            return None if row is None else PhoneSecret(**row)

        return await self._database.look(work)

    async def remove(self, user: str, realm: str) -> None:
        """Takes the secret away; unknown users are without effect."""
        async with self._database.write() as connection:
            await connection.execute(delete(phones).where(phones.c.user == user, phones.c.realm == realm))
