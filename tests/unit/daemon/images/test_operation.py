"""Work that tells how far it is, and clients that do not listen."""

import asyncio
import errno
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from pydock.daemon.images import operation
from pydock.daemon.images.operation import Report, follow
from pydock.daemon.images.progress import Messages
from pydock.imagestore.registry.cancellation import Cancellation


async def heard(work: operation.Work, told: threading.Event | None = None) -> list[dict[str, Any]]:
    """All messages of `work`; taken from when it has told what it has to."""
    stream = follow(work)
    messages = await anext(stream)
    if told is not None:
        await asyncio.to_thread(told.wait, 30)
    async for more in stream:
        messages += more
    return messages


def test_bars_that_nobody_has_read_give_way_to_the_next() -> None:
    """A client that did not read while gigabytes came made the daemon grow by a message for each piece."""
    done = threading.Event()

    def work(report: Report, cancellation: Cancellation) -> None:
        messages = Messages(report)
        messages.say("Pulling", "a")
        for size in range(1, 10_001):
            messages.update("a", "Downloading", size, 10_000)
            messages.update("b", "Downloading", size, 10_000)
        messages.update("a", "Download complete")
        messages.update("a", "Extracting", 1, 2)
        messages.update("a", "Extracting", 2, 2)
        messages.update("a", "Pull complete")
        done.set()

    told = asyncio.run(heard(work, done))
    assert len(told) < 100
    about_a = [(message["status"], message.get("progressDetail")) for message in told if message["id"] == "a"]
    states = [
        about for place, about in enumerate(about_a) if about[0] not in {then[0] for then in about_a[place + 1 :]}
    ]
    assert states == [
        ("Pulling", None),
        ("Downloading", {"current": 10_000, "total": 10_000}),
        ("Download complete", {}),
        ("Extracting", {"current": 2, "total": 2}),
        ("Pull complete", {}),
    ]


def test_work_waits_for_a_client_that_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "_MOST", 10)
    written: list[int] = []
    ended = threading.Event()

    def work(report: Report, cancellation: Cancellation) -> None:
        for number in range(100):
            report({"status": str(number)})
            written.append(number)
        ended.set()

    async def reads_all() -> None:
        assert [message["status"] for message in await heard(work)] == [str(number) for number in range(100)]

    async def goes_away() -> None:
        stream = follow(work)
        await anext(stream)
        assert len(written) < 100
        await stream.aclose()
        assert await asyncio.to_thread(ended.wait, 30)

    asyncio.run(reads_all())
    written.clear()
    ended.clear()
    asyncio.run(goes_away())


def test_what_fails_first_is_raised_and_later_told() -> None:
    def fails(report: Report, cancellation: Cancellation) -> None:
        raise ValueError

    def fails_late(report: Report, cancellation: Cancellation) -> None:
        report({"status": "x"})
        raise OSError(errno.ENOSPC, "No space left on device", "/data/a")

    with pytest.raises(ValueError):
        asyncio.run(heard(fails))
    reason = "/data/a: no space left on device"
    expected: list[Mapping[str, Any]] = [{"status": "x"}, {"errorDetail": {"message": reason}, "error": reason}]
    assert asyncio.run(heard(fails_late)) == expected
