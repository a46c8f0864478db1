"""SIP registrations: for each user the contacts that reach a phone, and the node that holds its flow."""

from collections.abc import Mapping

import msgspec

from store.connection import StoreConnection
from store.errors import StoreCorrupt
from store.keys import bindings_key

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[int, dict[str, str | int]])

Fields = Mapping[str, str | int]


class BindingStore:
    """Bindings by user and contact. Fields are the registrar's own, flat; one of them names the node of the flow."""

    def __init__(self, connection: StoreConnection) -> None:
        self._connection = connection

    async def save(self, user: str, contact: str, fields: Fields, *, now: int, ttl_us: int) -> None:
        """Write one binding, which ends at `now + ttl_us` (microseconds of the caller's clock). Raises StoreLost."""
        key = bindings_key(user)
        ttl_ms = max(1, ttl_us // 1000)
        # The key outlives its last binding by nothing: NX sets the first expiry, GT only ever prolongs it.
        await self._connection.transaction(
            ("HSET", key, contact, _encoder.encode((now + ttl_us, dict(fields)))),
            ("PEXPIRE", key, ttl_ms, "NX"),
            ("PEXPIRE", key, ttl_ms, "GT"),
        )

    async def remove(self, user: str, contact: str | None = None) -> None:
        """Remove one binding, or all of the user."""
        key = bindings_key(user)
        await self._connection.run(*(("DEL", key) if contact is None else ("HDEL", key, contact)))

    async def load(self, user: str, *, now: int) -> dict[str, dict[str, str | int]]:
        """Return the bindings that have not ended, by contact; those that have are removed. Raises StoreLost."""
        key = bindings_key(user)
        found: dict[str, dict[str, str | int]] = {}
        ended: list[bytes] = []
        for contact, data in (await self._connection.run("HGETALL", key)).items():
            try:
                until, fields = _decoder.decode(data)
            except msgspec.MsgspecError as error:
                raise StoreCorrupt(f"undecodable binding of {user!r}: {error}") from error
            if until > now:
                found[contact.decode()] = fields
            else:
                ended.append(contact)
        if ended:
            await self._connection.run("HDEL", key, *ended)
        return found
