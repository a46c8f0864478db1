"""What the reloader says, in the words of each one who asked."""

from typing import cast

from config.problems import ConfigProblem, ConfigProblems
from http_api.site_api import SiteMistake, SiteReloaded
from records.accounts import Role
from records.sessions import Caller
from server.reload import Reloaded, Reloader
from server.site_desk import SiteDesk

ADA = Caller("ada", Role.ADMINISTRATOR, "ada", 0)


class Files:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.wrong = False

    async def reload(self, by: str, role: str, comment: str = "") -> Reloaded:
        self.asked.append((by, role, comment))
        if self.wrong:
            raise ConfigProblems("site", (ConfigProblem("queues.toml", "a.b", "is wrong", "do better"),))
        return Reloaded("v1", "v2", {"queues": {"added": ("returns",)}})


async def test_each_is_told_in_their_way() -> None:
    files = Files()
    desk = SiteDesk(cast("Reloader", files))
    changed = {"queues": {"added": ("returns",)}}
    assert await desk.reload(ADA, "why") == SiteReloaded(version_before="v1", version="v2", changes=changed)
    assert await desk.command() == {"before": "v1", "after": "v2", "changes": {"queues": {"added": ["returns"]}}}
    await desk.hang_up()
    assert files.asked == [("ada", "administrator", "why"), ("command line", "system", ""), ("SIGHUP", "system", "")]
    files.wrong = True
    mistake = SiteMistake(file="queues.toml", path="a.b", message="is wrong", suggestion="do better")
    assert await desk.reload(ADA, "") == (mistake,)
    assert "queues.toml: a.b: is wrong (do better)" in (await desk.command())["error"]
    await desk.hang_up()
