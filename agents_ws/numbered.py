"""What every message to the agent's program has in common."""

from msgspec import Struct

from agents_ws.fields import snake_case


class ToAgent(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=snake_case):
    """To the agent's program; clients ignore fields that they do not know."""


class Numbered(ToAgent, frozen=True, kw_only=True):
    """Delivered once and in order: `seq` grows by one; only a `snapshot` may come after a gap."""

    seq: int = 0
