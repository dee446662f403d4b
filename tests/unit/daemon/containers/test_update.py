"""What an update changes, and what it may not."""

from typing import Any

import pytest

from pydock.daemon.api.containers import UpdateRequest
from pydock.daemon.containers.update import changed_limits, merge
from pydock.errors import Conflict
from tests.unit.daemon.containers.made_containers import container


def wanted(**values: Any) -> dict[str, Any]:
    return UpdateRequest.model_validate(values).wire()


def test_only_what_is_asked_for_changes() -> None:
    host = container(Memory=10 << 20, MemorySwap=20 << 20, CpuShares=5).host_config
    merged = merge(host, wanted(CpuShares=7, PidsLimit=0, RestartPolicy={"Name": "always"}))
    assert merged == {
        **host, "CpuShares": 7, "PidsLimit": 0, "RestartPolicy": {"Name": "always", "MaximumRetryCount": 0},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("has", "asks", "words"),
    [
        ({"CpuPeriod": 5000}, {"NanoCpus": 1}, "Nano CPUs cannot be updated as CPU Period has already been set"),
        ({"NanoCpus": 1}, {"CpuQuota": 5000}, "CPU Quota cannot be updated as NanoCPUs has already been set"),
        (
            {"Memory": 10 << 20, "MemorySwap": 20 << 20},
            {"Memory": 30 << 20},
            "Memory limit should be smaller than already set memoryswap limit",
        ),
        ({"AutoRemove": True}, {"RestartPolicy": {"Name": "always"}}, "because AutoRemove is enabled"),
    ],
)
def test_conflicts(has: dict[str, Any], asks: dict[str, Any], words: str) -> None:
    with pytest.raises(Conflict, match=words):
        merge(container(**has).host_config, wanted(**asks))


def test_what_a_running_container_is_told() -> None:
    limits = changed_limits(wanted(Memory=10 << 20, MemorySwap=-1, NanoCpus=500_000_000, PidsLimit=0))
    assert limits == {
        "memory": {"limit": 10 << 20, "swap": -1}, "cpu": {"period": 100_000, "quota": 50_000}, "pids": {"limit": -1},
    }  # fmt: skip
    assert changed_limits(wanted()) == {}
