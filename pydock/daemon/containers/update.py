"""Changes a container's limits and restart policy, on the running container too.  Called by the routes."""

import errno
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydock.daemon.containers import host_features, spec_resources, validation, validation_resources
from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.record import Status
from pydock.daemon.offload import offload
from pydock.errors import Conflict, InvalidParameter, PydockError, System
from pydock.runtime.spec import Resources

#: taken over where they are not empty
_LIMITS = (
    "BlkioWeight", "CpuShares", "NanoCpus", "CpuPeriod", "CpuQuota", "CpusetCpus", "CpusetMems", "Memory",
    "MemorySwap", "MemoryReservation", "KernelMemory", "CpuRealtimePeriod", "CpuRealtimeRuntime",
)  # fmt: skip
#: (what is asked for, what is set already, the words)
_CONFLICTS = (
    ("NanoCpus", "CpuPeriod", "Nano CPUs cannot be updated as CPU Period has already been set"),
    ("NanoCpus", "CpuQuota", "Nano CPUs cannot be updated as CPU Quota has already been set"),
    ("CpuPeriod", "NanoCpus", "CPU Period cannot be updated as NanoCPUs has already been set"),
    ("CpuQuota", "NanoCpus", "CPU Quota cannot be updated as NanoCPUs has already been set"),
)


class Updates:
    """Updates containers."""

    def __init__(self, catalog: Catalog, announcements: Announcements) -> None:
        self._catalog = catalog
        self._announcements = announcements

    async def update(self, reference: str, wanted: dict[str, Any]) -> list[str]:
        """Change the container as `wanted` (an update request in plain values) says; returns warnings."""
        validation.check_restart_policy(wanted["RestartPolicy"])
        warnings = validation_resources.check(wanted, host_features.detect(), update=True)
        entry = self._catalog.find(reference)
        async with entry.lock:
            try:
                await self._update(entry, wanted, warnings)
            except OSError as error:
                kind = InvalidParameter if error.errno in (errno.EINVAL, errno.ERANGE) else System
                raise kind(f"Cannot update container {entry.id}: {error.strerror}: {error.filename}") from error
            except PydockError as error:
                raise type(error)(f"Cannot update container {entry.id}: {error.message}") from error
        self._announcements.publish(entry.record, "update")
        return warnings

    async def _update(self, entry: Entry, wanted: dict[str, Any], warnings: list[str]) -> None:
        record = entry.record
        if record.state.status in (Status.REMOVING, Status.DEAD):
            raise Conflict('container is marked for removal and cannot be "update"')
        host = merge(record.host_config, wanted)
        if entry.live is not None and entry.live.cgroup is not None and record.state.status.has_process():
            warnings += await offload(entry.live.cgroup.apply, changed_limits(wanted))
        await self._catalog.save(entry, replace(record, host_config=host))


def merge(host: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """HostConfig with what `wanted` changes; Conflict in Docker's words where the two don't go together."""
    for asked, present, words in _CONFLICTS:
        if wanted[asked] > 0 and host[present] > 0:
            raise Conflict(f"Conflicting options: {words}")
    if wanted["Memory"] and wanted["Memory"] > host["MemorySwap"] and not wanted["MemorySwap"]:
        raise Conflict(
            "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time"
        )
    merged = {**host, **{key: wanted[key] for key in _LIMITS if wanted.get(key)}}
    if wanted["PidsLimit"] is not None:
        merged["PidsLimit"] = wanted["PidsLimit"]
    policy = wanted["RestartPolicy"]
    if policy["Name"]:
        if host["AutoRemove"] and policy["Name"] != "no":
            raise Conflict("Restart policy cannot be updated because AutoRemove is enabled for the container")
        merged["RestartPolicy"] = policy
    return merged


def changed_limits(wanted: Mapping[str, Any]) -> Resources:
    """What an update sets in the control group of a running container."""
    limits = spec_resources.limits({**wanted, "MemorySwappiness": None, "OomKillDisable": None})
    if wanted["MemorySwap"] == -1:
        limits.setdefault("memory", {})["swap"] = -1
    return limits
