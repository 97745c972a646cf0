"""Work beside the main road ends with its block, and fails loudly."""

import asyncio

import pytest

from anju.simulator.background import Background


async def fail() -> None:
    raise ConnectionError("the line is cut")


@pytest.mark.anyio
async def test_a_failure_beside_ends_the_waiting() -> None:
    async with Background() as background:
        background.start(fail())
        with pytest.raises(ConnectionError, match="the line is cut"):
            await background.until(asyncio.Event().wait())


@pytest.mark.anyio
async def test_a_result_is_handed_on_while_work_goes_on() -> None:
    ended: list[bool] = []

    async def go_on() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async with Background() as background:
        background.start(go_on())
        background.start(asyncio.sleep(0))
        assert await background.until(asyncio.sleep(0, "done")) == "done"
        assert not ended
    assert ended


@pytest.mark.anyio
async def test_patience_ends() -> None:
    async with Background() as background:
        with pytest.raises(TimeoutError):
            await background.until(asyncio.Event().wait(), 0.001)


@pytest.mark.anyio
async def test_what_failed_deep_in_a_group_of_tasks_is_said_plainly() -> None:
    async def fail_deep() -> None:
        async with asyncio.TaskGroup() as outer:
            outer.create_task(fail_in_a_group())

    async def fail_in_a_group() -> None:
        async with asyncio.TaskGroup() as inner:
            inner.create_task(fail())

    async with Background() as background:
        background.start(fail_deep())
        with pytest.raises(ConnectionError, match="the line is cut"):
            await background.until(asyncio.Event().wait())
