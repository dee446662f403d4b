"""Who writes to a container's layer while others want to."""

import asyncio

from pydock.daemon.containers.layer_access import LayerAccess


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_who_mounts_the_layer_waits_for_those_that_write_by_another_mount() -> None:
    async def main() -> list[str]:
        layer, said = LayerAccess(), list[str]()

        async def mount(name: str) -> None:
            async with layer.alone():
                said.append(name)
                await _turns()
                said.append(f"{name} ended")

        with layer.beside():
            with layer.beside():
                waiting = [asyncio.create_task(mount(name)) for name in ("first", "second")]
                await _turns()
            await _turns()
            said.append("beside ended")
        await asyncio.gather(*waiting)
        return said

    assert asyncio.run(main()) == ["beside ended", "first", "first ended", "second", "second ended"]


def test_who_gave_up_waiting_keeps_nobody() -> None:
    async def main() -> None:
        layer = LayerAccess()
        with layer.beside():
            waiting = asyncio.create_task(layer.alone().__aenter__())
            await _turns()
            waiting.cancel()
            await _turns()
        async with asyncio.timeout(60), layer.alone():
            pass

    asyncio.run(main())
