"""Who may have the site read again: an administrator over HTTP, a command of this machine, a signal."""

from typing import Any

from config.problems import ConfigProblems
from http_api.site_api import SiteMistake, SiteReloaded
from records.sessions import Caller
from server.reload import Reloader, plain


class SiteDesk:
    """Puts what the reloader says into each one's words."""

    def __init__(self, reloader: Reloader) -> None:
        self._reloader = reloader

    async def reload(self, caller: Caller, comment: str) -> SiteReloaded | tuple[SiteMistake, ...]:
        """For http_api."""
        try:
            done = await self._reloader.reload(caller.account, caller.role.value, comment)
        except ConfigProblems as wrong:
            return tuple(
                SiteMistake(file=each.file, path=each.path, message=each.message, suggestion=each.suggestion)
                for each in wrong.problems
            )
        return SiteReloaded(version_before=done.before, version=done.after, changes=done.changes)

    async def command(self) -> dict[str, Any]:
        """For `python -m server reload`: {"error": text} or what has changed."""
        try:
            done = await self._reloader.reload("command line", "system")
        except ConfigProblems as wrong:
            return {"error": str(wrong)}
        return {"before": done.before, "after": done.after, "changes": plain(done.changes)}

    async def hang_up(self) -> None:
        """For SIGHUP; mistakes are in the log."""
        try:
            await self._reloader.reload("SIGHUP", "system")
        except ConfigProblems:
            return
