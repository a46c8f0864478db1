"""What is known of a customer beside identities: short facts by name, written down by agents (preferences, a stage)."""

from dataclasses import dataclass

from sqlalchemy import delete, select

from records.database import Database, insert_replacing
from records.merging import group
from records.tables import customer_attributes

MAX_NAME, MAX_VALUE, MAX_ATTRIBUTES = 40, 1000, 50


@dataclass(frozen=True, slots=True)
class Attribute:
    """`customer_id` is who of a merged group it was written to; `at` in microseconds since the epoch."""

    customer_id: str
    name: str
    value: str
    by: str
    at: int


class Attributes:
    """Reads and writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, customer_id: str) -> tuple[Attribute, ...]:
        """Those of the whole group, by name, the newest of a name first."""
        columns = (customer_attributes.c[name] for name in Attribute.__slots__)
        query = select(*columns).where(customer_attributes.c.customer_id.in_(group(customer_id)))
        async with self._database.read() as connection:
            found = await connection.execute(
                query.order_by(customer_attributes.c.name, customer_attributes.c.at.desc())
            )
            return tuple(Attribute(*row) for row in found)

    async def set(self, attribute: Attribute) -> None:
        """Writes one, over what that customer had by this name. Raises ValueError outside of the limits."""
        name, value = attribute.name, attribute.value
        if not 0 < len(name) <= MAX_NAME or not 0 < len(value) <= MAX_VALUE:
            raise ValueError(f"a name has 1 to {MAX_NAME} characters, a value 1 to {MAX_VALUE}")
        row = {each: getattr(attribute, each) for each in Attribute.__slots__}
        own = select(customer_attributes.c.name).where(customer_attributes.c.customer_id == attribute.customer_id)
        async with self._database.write() as connection:
            names = set((await connection.execute(own)).scalars())
            if len(names | {name}) > MAX_ATTRIBUTES:
                raise ValueError(f"a customer has at most {MAX_ATTRIBUTES} attributes")
            await connection.execute(insert_replacing(connection, customer_attributes), row)

    async def remove(self, customer_id: str, name: str) -> None:
        """Takes it from whoever of the group has it."""
        this = customer_attributes.c.customer_id.in_(group(customer_id)) & (customer_attributes.c.name == name)
        async with self._database.write() as connection:
            await connection.execute(delete(customer_attributes).where(this))
