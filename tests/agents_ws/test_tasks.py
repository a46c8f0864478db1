import asyncio

from agents_ws.tasks import cancel_and_wait, guarded


async def test_a_failure_reaches_the_owner() -> None:
    failures: list[BaseException] = []

    async def fails() -> None:
        raise ValueError("broken")

    task = guarded(fails(), name="it", on_failure=failures.append)
    await asyncio.wait({task})
    await asyncio.sleep(0)
    assert [repr(failure) for failure in failures] == ["ValueError('broken')"]
    assert task.get_name() == "it"


async def test_success_and_cancelling_are_no_failures() -> None:
    failures: list[BaseException] = []

    async def fine() -> None:
        return None

    async def forever() -> None:
        await asyncio.Event().wait()

    tasks = {guarded(work(), name="it", on_failure=failures.append) for work in (fine, forever)}
    await asyncio.sleep(0)
    await cancel_and_wait(tasks)
    assert all(task.done() for task in tasks)
    assert failures == []
