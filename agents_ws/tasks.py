"""Named background tasks whose failure is logged and reaches their owner."""

import asyncio
from collections.abc import Callable, Coroutine

import structlog

_log = structlog.get_logger(__name__)


def guarded(
    work: Coroutine[object, object, None], *, name: str, on_failure: Callable[[BaseException], None]
) -> asyncio.Task[None]:
    """Start `work`; should it raise, log that and call `on_failure`. Cancelling is no failure."""
    task = asyncio.get_running_loop().create_task(work, name=name)

    def ended(task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        if error := task.exception():
            _log.error("task_failed", task=task.get_name(), exc_info=error)
            on_failure(error)

    task.add_done_callback(ended)
    return task


async def cancel_and_wait(tasks: set[asyncio.Task[None]]) -> None:
    """End tasks that are still running and wait until they are; their failures were reported already."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
