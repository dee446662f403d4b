"""A machine that gives no more threads."""

import os
import threading
from typing import Any
from unittest.mock import MagicMock, Mock

import pytest

from pydock.errors import System
from pydock.imagestore import archive_load, threads
from pydock.imagestore.registry.layer_download import _Unpacking


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", Mock(side_effect=RuntimeError("can't start new thread")))


@pytest.mark.usefixtures("no_threads")
@pytest.mark.parametrize("what", ["load", "download"])
def test_what_has_no_thread_leaves_nothing_open(what: str) -> None:
    reading, writing = os.pipe()
    os.write(writing, bytes(1024))
    os.close(writing)
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(System, match=r"^cannot start a thread: resource temporarily unavailable$"):
        if what == "load":
            images = Mock(all=list)
            archive_load.load(reading, MagicMock(), images, str)
        else:
            with _Unpacking(Mock(), "", Mock()):
                raise AssertionError
    assert set(os.listdir("/proc/self/fd")) == before
    os.close(reading)


def test_want_of_another_thread_is_told() -> None:
    pool: Any = Mock(submit=Mock(side_effect=RuntimeError("can't start new thread")))
    with pytest.raises(System, match="cannot start a thread"):
        threads.submit(pool, bool)
