"""Every cell of the role table, asked of a whole node: over HTTP, and where it is a WebSocket, over that."""

from pathlib import Path

from records.accounts import Role
from records.customers import Customers
from records.roles import PERMISSIONS, Action, Extent
from tests.server.bureau import Bureau, bureau
from tests.server.probes import INSIDE, OUTSIDE, PROBES, WHO, WITHOUT_TARGET


async def test_every_cell(tmp_path: Path) -> None:
    async with bureau(tmp_path) as office:
        targets = [await _target(office, where) for where in (INSIDE, OUTSIDE)]
        wrong = []
        for action in Action:  # what ends something comes after what looks at it
            for role, who in WHO.items():
                inside, outside = [await PROBES[action](office, who, target) for target in targets]
                expected = _expected(role, action)
                if (inside, outside) != expected:
                    wrong.append((role.value, action.value, (inside, outside), expected))
        assert wrong == []


async def _target(office: Bureau, where: dict[str, str]) -> dict[str, str]:
    customer = {"kind": "visitor", "value": where["queue"]}
    work = await office.submit(where["queue"], customer=customer)
    assert (await office.ask("ops9", "POST", f"work/{work['work_id']}/direct", {"agent_id": where["agent"]}))[0] == 204
    assert (await office.ask("ops9", "POST", f"work/{work['work_id']}/direct", {"agent_id": None}))[0] == 204
    await office.node.core.projection.drained()
    (known,) = await Customers(office.node.storage.database).find(where["queue"])
    own = {"api": "own"} if where is INSIDE else {}
    return {**where, **work, "customer": known, **own}


def _expected(role: Role, action: Action) -> tuple[bool | None, bool | None]:
    match PERMISSIONS[role, action]:
        case Extent.NONE:
            return None, None
        case Extent.ALL:
            return True, True
        case Extent.TEAMS:
            return True, False
        case Extent.OWN if action in WITHOUT_TARGET:
            return True, True
        case Extent.OWN if action is Action.CANCEL_WORK:
            return True, False
        case Extent.OWN:
            return False, False  # neither is theirs
