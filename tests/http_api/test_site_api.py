"""Reading the site again: what is answered."""

from http_api.site_api import SiteApi, SiteMistake, SiteReloaded
from records.sessions import Caller
from tests.http_api.conftest import MakeSite

MISTAKE = SiteMistake(file="queues.toml", path="orders.priority", message="is no number", suggestion="3")


class Files:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.answer: SiteReloaded | tuple[SiteMistake, ...] = (MISTAKE,)

    async def reload(self, caller: Caller, comment: str) -> SiteReloaded | tuple[SiteMistake, ...]:
        self.asked.append((caller.account, comment))
        return self.answer


async def test_mistakes_and_changes(make_site: MakeSite) -> None:
    files = Files()
    site = await make_site(SiteApi(files).routes())
    status, wrong = await site.send("ada", "POST", "/api/v1/site/reload", {"comment": "new queue"})
    assert (status, wrong["type"]) == (422, "urn:jackfield:problem:bad-site")
    assert wrong["mistakes"] == [
        {"file": "queues.toml", "path": "orders.priority", "message": "is no number", "suggestion": "3"}
    ]
    files.answer = SiteReloaded(version_before="a", version="b", changes={"queues": {"added": ("returns",)}})
    status, done = await site.send("ada", "POST", "/api/v1/site/reload", {})
    assert (status, done) == (
        200,
        {"version_before": "a", "version": "b", "changes": {"queues": {"added": ["returns"]}}},
    )
    assert files.asked == [("ada", "new queue"), ("ada", "")]
    assert (await site.send("sam", "POST", "/api/v1/site/reload", {}))[0] == 403
