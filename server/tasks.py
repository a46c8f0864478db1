"""Background tasks: each has a name and this owner; a failure is logged, counted and told, never lost."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable

import structlog

log = structlog.get_logger(__name__)

CANCEL_AGAIN_S = 0.1


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancels them until they have ended; raises nothing of theirs.

    Again and again: CPython's wait_for before 3.12, which redis-py writes through, can lose a cancellation.
    """
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=CANCEL_AGAIN_S)


class TaskOwner:
    """Spawns guarded tasks and ends them all. `on_failure` is told the name and the error of each that fails."""

    def __init__(self, on_failure: Callable[[str, BaseException], None] | None = None) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._endless: set[asyncio.Task[None]] = set()
        self._on_failure = on_failure
        self.failures = 0

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def names(self) -> list[str]:
        """The names of what runs, sorted."""
        return sorted(task.get_name() for task in self._tasks)

    def spawn(self, work: Coroutine[object, object, None], name: str, *, endless: bool = False) -> asyncio.Task[None]:
        """Runs `work` in the background under `name`; what is `endless` never ends by itself, nobody waits for it."""
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        if endless:
            self._endless.add(task)
        task.add_done_callback(self._ended)
        return task

    def runs(self, name: str) -> bool:
        """Whether a task of that name runs."""
        return any(task.get_name() == name for task in self._tasks)

    def cancel(self, name: str) -> None:
        """Ends the task of that name, if it runs."""
        for task in self._tasks:
            if task.get_name() == name:
                task.cancel()

    def cancel_endless(self) -> None:
        """Ends what would never end by itself."""
        for task in self._endless:
            task.cancel()

    async def aclose(self, grace_s: float = 5.0) -> None:
        """Waits up to `grace_s` for what ends by itself, also what is spawned meanwhile, then cancels the rest.

        What is cut off in this way is logged by name: a task that ends on nobody's word holds up every stop.
        """
        self.cancel_endless()
        loop = asyncio.get_running_loop()
        until = loop.time() + grace_s
        while (others := self._others()) and (left_s := until - loop.time()) > 0:
            await asyncio.wait(others, timeout=left_s)
        if others := self._others():
            log.warning("tasks_cut_off", tasks=sorted(task.get_name() for task in others), after_s=grace_s)
        while others := self._others():
            await end(others)

    def _others(self) -> set[asyncio.Task[None]]:
        return {task for task in self._tasks if task is not asyncio.current_task() and not task.done()}

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._endless.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        self.failures += 1
        log.error("task_failed", task=task.get_name(), exc_info=error)
        if self._on_failure is not None:
            self._on_failure(task.get_name(), error)
