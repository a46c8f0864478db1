"""Peak plans of the files and of the overlay: shown with what they would change, applied as one, taken back exactly."""

from collections.abc import Mapping
from typing import Any

from config.patches import patched, plan_problems, row_of
from config.site import PlanConfig, label
from http_api.edits import Conflict, Invalid
from http_api.plans_api import AppliedPlan, PlanChange, PlanView
from http_api.supervision_api import Refused
from records.audit import Audit, AuditEntry
from records.sessions import Caller
from server.floor.overlay import About, Change, Overlay
from server.floor.rules import RulesDesk
from server.floor.undo import UndoDesk

APPLY, SAVE = "apply_plan", "save_plan"


class PlanDesk:
    """A plan that was saved is a live edit of its own (`plan:NAME`), with history, conflicts and undo as any other."""

    def __init__(self, overlay: Overlay, rules: RulesDesk, undo: UndoDesk, audit: Audit) -> None:
        self._overlay = overlay
        self._rules = rules
        self._undo = undo
        self._audit = audit

    async def plans(self) -> tuple[PlanView, ...]:
        """All of them, by name."""
        return tuple([await self._shown(self._overlay.site.plans[name]) for name in sorted(self._overlay.site.plans)])

    async def plan(self, name: str) -> PlanView | None:
        """One of them."""
        known = self._overlay.site.plans.get(name)
        return None if known is None else await self._shown(known)

    def live(self) -> Mapping[str, Mapping[str, Any]]:
        """What is edited of agents and queues now: a plan may be saved from it."""
        kinds = ("agent:", "queue:")
        patches = self._overlay.patches().items()
        return {subject: dict(patch) for subject, patch in patches if patch and subject.startswith(kinds)}

    async def save(
        self, caller: Caller, name: str, row: Mapping[str, Any], based_on: int, comment: str
    ) -> Conflict | Invalid | int:
        """Keeps the plan under this name; keys with None go, so that what the files say of it holds again."""
        subject = f"plan:{name}"
        author = self._rules.author(caller, {subject: row}, comment)
        changes = [Change(subject, row, based_on)]
        return await self._rules.answered(self._overlay.edit_all(changes, author, About(SAVE, subject)))

    async def apply(
        self, caller: Caller, plan: PlanView, based_on: int, comment: str
    ) -> Refused | Conflict | Invalid | int:
        """All its changes as one; 409 when one of its agents or queues was edited since `based_on`."""
        if plan.applied is not None:
            return Refused("already_applied", f"{plan.applied.by} has applied it")
        author = self._rules.author(caller, plan.rows, comment)
        changes = [Change(subject, keys, based_on) for subject, keys in plan.rows.items()]
        about = About(APPLY, f"plan:{plan.plan}")
        return await self._rules.answered(self._overlay.edit_all(changes, author, about))

    async def revert(
        self, caller: Caller, plan: PlanView, comment: str, *, anyway: bool
    ) -> Refused | Conflict | Invalid | int:
        """What applying it changed is as it was; `anyway` as in UndoDesk.undo."""
        entry = await self._application(plan.plan)
        if entry is None:
            return Refused("not_applied", "it is not applied")
        return await self._undo.undo(caller, entry, comment, anyway=anyway)

    async def _application(self, name: str) -> AuditEntry | None:
        entry = await self._audit.latest(f"plan:{name}", [APPLY])
        return None if entry is None or await self._audit.undone([entry.id]) else entry

    async def _shown(self, plan: PlanConfig) -> PlanView:
        entry, site = await self._application(plan.name), self._overlay.site
        problems = plan_problems(site, plan.name)
        return PlanView(
            plan=plan.name,
            titles=label(plan.title, plan.titles),
            saved=bool(self._overlay.patch(f"plan:{plan.name}")),
            version=self._overlay.version,
            rows={subject: dict(keys) for subject, keys in plan.rows.items()},
            changes=() if problems else tuple(self._changes(plan)),
            problems=tuple(f"{each.path} {each.message}" for each in problems),
            applied=None if entry is None else AppliedPlan(entry.id, entry.at, entry.by),
        )

    def _changes(self, plan: PlanConfig) -> list[PlanChange]:
        """Key by key what is now and what would be; what would not change is left out."""
        site, found = self._overlay.site, list[PlanChange]()
        for subject, keys in plan.rows.items():
            now, then = row_of(site, subject, {}), row_of(patched(site, subject, keys), subject, {})
            found += [
                PlanChange(subject, key, now.get(key), then.get(key)) for key in keys if now.get(key) != then.get(key)
            ]
        return found
