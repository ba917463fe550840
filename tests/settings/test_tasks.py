import asyncio

import pytest

from settings.tasks import completed, run_to_its_end, running


async def test_a_task_runs_beside_its_block_and_gives_its_result() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    async with running(work()) as task:
        assert await task == 7


async def test_what_is_left_of_a_task_is_cancelled_and_awaited_at_the_end_of_the_block() -> None:
    tidied = False

    async def work() -> None:
        nonlocal tidied
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            tidied = True

    async with running(work()) as task:
        await asyncio.sleep(0)
    assert task.cancelled()
    assert tidied


async def test_an_error_of_the_block_is_not_hidden_by_one_of_the_task() -> None:
    async def work() -> None:
        raise RuntimeError("task")

    async def block() -> None:
        async with running(work()):
            await asyncio.sleep(0)
            raise ValueError("block")

    with pytest.raises(ValueError, match="block"):
        await block()


async def test_an_error_of_the_task_reaches_whoever_awaits_it() -> None:
    async def work() -> None:
        raise RuntimeError("task")

    async with running(work()) as task:
        with pytest.raises(RuntimeError, match="task"):
            await task


@pytest.mark.parametrize("wrong", [SystemExit(3), KeyboardInterrupt()])
@pytest.mark.parametrize("how", ["task", "callback"])
def test_nobody_else_ends_the_process(wrong: BaseException, how: str, caplog: pytest.LogCaptureFixture) -> None:
    async def ends() -> None:
        raise wrong

    def throw() -> None:
        raise wrong

    async def main() -> str:
        loop = asyncio.get_running_loop()
        if how == "callback":
            loop.call_soon(throw)
            await asyncio.sleep(0.01)
        else:
            async with running(ends()) as task:
                await asyncio.wait([task])
        later = loop.create_future()
        loop.call_soon(later.set_result, "goes on")
        return str(await later)

    assert run_to_its_end(main()) == "goes on"
    assert caplog.messages[0].startswith(f"{__file__}:")
    assert caplog.messages[0].endswith(f" raised {wrong!r} in a task of its own: the process goes on")


def test_nobody_else_stops_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> str:
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0.01)
        return "goes on"

    assert run_to_its_end(main()) == "goes on"
    assert caplog.messages == ["some code has stopped the event loop: the process goes on"]


@pytest.mark.parametrize("end", [SystemExit(3), RuntimeError("no"), asyncio.CancelledError()])
def test_its_own_end_is_its_end(end: BaseException) -> None:
    async def main() -> None:
        raise end

    with pytest.raises(type(end)):
        run_to_its_end(main())


async def test_what_has_to_be_completed_is_although_the_caller_is_cancelled() -> None:
    begun, goes_on, done = asyncio.Event(), asyncio.Event(), []

    async def work() -> None:
        begun.set()
        await goes_on.wait()
        done.append(True)

    async with running(completed(work())) as task:
        await begun.wait()
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        goes_on.set()
    assert task.cancelled()
    assert done == [True]
