"""What is filled into HostConfig."""

from types import SimpleNamespace
from typing import Any

import pytest

from pydock.daemon.config import ContainerDefaults
from pydock.daemon.containers.defaults import fill
from tests.unit.daemon.containers.made_containers import V1, translated


@pytest.mark.parametrize(("memory", "swap"), [(64 << 20, 128 << 20), ((1 << 62) - 1, (1 << 63) - 2), (1 << 62, -1)])
def test_swap_is_twice_the_memory_as_far_as_a_client_can_read_it(memory: int, swap: int) -> None:
    host = translated(Memory=memory).host_config
    nobody: Any = SimpleNamespace(find=None)
    fill(host, ContainerDefaults(), V1, nobody)
    assert host["MemorySwap"] == swap
