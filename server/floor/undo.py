"""Interventions taken back: what one audit entry changed, while nothing later has touched it."""

from collections.abc import Mapping
from typing import Any

from http_api.edits import Conflict, Invalid
from http_api.supervision_api import Refused
from records.audit import UNDO, UNDOES, Audit, AuditEntry, Intervention
from records.overlay import OverlayStore, OverlayVersion
from records.sessions import Caller
from server.floor.overlay import About, Author, Overlay
from server.floor.rules import RulesDesk
from server.floor.supervision import Supervision

OF_RULES = frozenset({"set_rules", "apply_plan", "save_plan"})
OF_MOMENTS = frozenset({"set_presence", "move_work", "direct_work"})


class UndoDesk:
    """Finds what an entry changed, and changes it back."""

    def __init__(
        self, audit: Audit, supervision: Supervision, rules: RulesDesk, overlay: Overlay, store: OverlayStore
    ) -> None:
        self._audit = audit
        self._supervision = supervision
        self._rules = rules
        self._overlay = overlay
        self._store = store

    async def reach(self, entry: AuditEntry) -> Mapping[str, Mapping[str, Any]]:
        """The agents, queues and work items that taking it back changes, with the keys and values of rules."""
        if entry.action not in OF_RULES:
            return {entry.subject: {}}
        return {version.subject: version.before for version in await self._versions(entry)}

    async def undo(
        self, caller: Caller, entry: AuditEntry, comment: str, *, anyway: bool = False
    ) -> Refused | Conflict | Invalid | int:
        """The id of the new entry, or what stands against it.

        `anyway`: keys of rules that others changed since are left as they are now.
        """
        if await self._audit.undone([entry.id]):
            return Refused("already_undone", "somebody has taken it back")
        if entry.action in OF_MOMENTS:
            return await self._supervision.undo(caller, entry, comment)
        if entry.action not in OF_RULES:
            return Refused("not_undoable", f"{entry.action} cannot be taken back")
        versions = await self._versions(entry)
        author = self._rules.author(caller, {version.subject: version.before for version in versions}, comment)
        about = About(UNDO, entry.subject, {UNDOES: entry.id})
        done = await self._rules.answered(self._overlay.take_back(versions, author, about, anyway=anyway))
        return done if done != 0 else await self._nothing_to_do(entry, author)

    async def _nothing_to_do(self, entry: AuditEntry, author: Author) -> int:
        """All is as it was before, or as others want it: the log says so, and the entry counts as taken back."""
        return await self._audit.add(
            Intervention(
                at=author.at,
                by=author.account,
                role=author.role,
                action=UNDO,
                subject=entry.subject,
                before={},
                after={UNDOES: entry.id},
                comment=author.comment,
                teams=author.teams,
            )
        )

    async def _versions(self, entry: AuditEntry) -> tuple[OverlayVersion, ...]:
        return await self._store.made_at(entry.at, entry.by)
