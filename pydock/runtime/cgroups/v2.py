"""Control groups, version 2: one directory, limits in its files, device rules as a BPF program."""

import errno
import math
import os
import time

from pydock.runtime.cgroups import devices_v2, files
from pydock.runtime.cgroups.group import FREEZE_PATIENCE, Cgroup
from pydock.runtime.cgroups.stats import BlockEntry, CpuStats, MemoryStats, Stats
from pydock.runtime.spec import BlockIO, CpuLimits, MemoryLimits, Resources

_NO_LIMIT = 2**64 - 1
_THROTTLES = (
    ("throttleReadBpsDevice", "rbps"),
    ("throttleWriteBpsDevice", "wbps"),
    ("throttleReadIOPSDevice", "riops"),
    ("throttleWriteIOPSDevice", "wiops"),
)


class CgroupV2(Cgroup):
    """The group's directory below the unified mount."""

    def create(self, resources: Resources) -> list[str]:
        made = files.make_directories(self.layout.unified, self.path)
        wanted = _controllers(resources)
        for parent in (self.layout.unified, *made[:-1]):
            _enable(parent, wanted)
        warnings = self.apply(resources)
        if "devices" in resources:
            directory = self.descriptor()
            try:
                devices_v2.install(made[-1], resources["devices"], directory)
            except PermissionError as error:
                warnings.append(f"device rules are not in force: {error}")
            finally:
                os.close(directory)
        return warnings

    def apply(self, resources: Resources) -> list[str]:
        warnings: list[str] = []
        if memory := resources.get("memory"):
            self._apply_memory(memory, warnings)
        if cpu := resources.get("cpu"):
            self._apply_cpu(cpu, warnings)
        if pids := resources.get("pids"):
            self._write("pids.max", str(pids["limit"]) if pids["limit"] > 0 else "max", warnings)
        if block := resources.get("blockIO"):
            self._apply_block(block, warnings)
        for huge in resources.get("hugepageLimits", []):
            self._write(f"hugetlb.{huge['pageSize']}.max", str(huge["limit"]), warnings)
        for file, value in resources.get("unified", {}).items():
            files.write(f"{self._directory}/{os.path.basename(file)}", value)
        return warnings

    def descriptor(self) -> int:
        return os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def freeze(self) -> None:
        path, thawed = self._thawing()
        deadline = time.monotonic() + FREEZE_PATIENCE
        told = f"{self._directory}/cgroup.events"
        with files.Held(told, os.O_RDONLY) as events, files.Held(path) as control:
            try:
                control.write("1")
                while "frozen 1" not in events.read():
                    if time.monotonic() > deadline:
                        raise TimeoutError(errno.ETIMEDOUT, "the group does not freeze", told)
                    time.sleep(0.001)
            except BaseException:
                control.write(thawed)
                raise

    def _thawing(self) -> tuple[str, str]:
        return f"{self._directory}/cgroup.freeze", "0"

    def is_frozen(self) -> bool:
        return "frozen 1" in files.read_or(f"{self._directory}/cgroup.events", "")

    def oom_kills(self) -> int:
        return files.table(f"{self._directory}/memory.events").get("oom_kill", 0)

    def stats(self) -> Stats:
        directory = self._directory
        cpu = files.table(f"{directory}/cpu.stat")
        reads, operations = _parse_io(files.read_or(f"{directory}/io.stat", ""))
        return Stats(
            cpu=CpuStats(
                total=cpu.get("usage_usec", 0) * 1000,
                user=cpu.get("user_usec", 0) * 1000,
                system=cpu.get("system_usec", 0) * 1000,
                periods=cpu.get("nr_periods", 0),
                throttled_periods=cpu.get("nr_throttled", 0),
                throttled_time=cpu.get("throttled_usec", 0) * 1000,
            ),
            memory=MemoryStats(
                usage=files.number_or(f"{directory}/memory.current", 0),
                maximum=files.number_or(f"{directory}/memory.peak", 0),
                limit=files.number_or(f"{directory}/memory.max", _NO_LIMIT),
                failures=files.table(f"{directory}/memory.events").get("oom", 0),
                details=files.table(f"{directory}/memory.stat"),
            ),
            block_bytes=reads,
            block_operations=operations,
            pids=files.number_or(f"{directory}/pids.current", 0),
            pids_limit=files.number_or(f"{directory}/pids.max", 0),
        )

    @property
    def _directory(self) -> str:
        return self.layout.unified + self.path

    def _directories(self) -> list[str]:
        return [self._directory]

    def _write(self, file: str, text: str, warnings: list[str]) -> bool:
        return files.write_or_warn(f"{self._directory}/{file}", text, warnings)

    def _apply_memory(self, memory: MemoryLimits, warnings: list[str]) -> None:
        limit, swap = memory.get("limit", 0), memory.get("swap", 0)
        if swap:
            # OCI counts memory and swap together, this version swap alone
            alone = swap if swap == -1 else swap - max(limit, 0)
            self._write("memory.swap.max", _or_max(alone), warnings)
        if limit:
            self._write("memory.max", _or_max(limit), warnings)
        if reservation := memory.get("reservation"):
            self._write("memory.low", _or_max(reservation), warnings)

    def _apply_cpu(self, cpu: CpuLimits, warnings: list[str]) -> None:
        if shares := cpu.get("shares"):
            self._write("cpu.weight", str(weight_of_shares(shares)), warnings)
        quota, period = cpu.get("quota", 0), cpu.get("period", 0)
        if quota or period:
            value = str(quota) if quota > 0 else "max"
            self._write("cpu.max", f"{value} {period}" if period else value, warnings)
        if cpus := cpu.get("cpus"):
            self._write("cpuset.cpus", cpus, warnings)
        if mems := cpu.get("mems"):
            self._write("cpuset.mems", mems, warnings)

    def _apply_block(self, block: BlockIO, warnings: list[str]) -> None:
        if weight := block.get("weight"):
            bfq = f"{self._directory}/io.bfq.weight"
            if os.path.exists(bfq):
                files.write(bfq, str(weight))
            else:
                self._write("io.weight", str(1 + (weight - 10) * 9999 // 990), warnings)
        for device in block.get("weightDevice", []):
            line = f"{device['major']}:{device['minor']} {device.get('weight', 0)}"
            self._write("io.bfq.weight", line, warnings)
        for key, name in _THROTTLES:
            for limit in block.get(key, []):  # type: ignore[attr-defined]
                rate = limit["rate"] or "max"
                self._write("io.max", f"{limit['major']}:{limit['minor']} {name}={rate}", warnings)


def group_for_exec(group: Cgroup, pid: int) -> Cgroup:
    """Where one more process of a container can be: in its `group`, or in that of its first process, `pid`.

    A container that gives controllers to groups of its own below (Docker in it, systemd) can have no process in the
    group itself: cgroups(7), "no internal processes".
    """
    directory = group.layout.unified + group.path
    if group.layout.version == 2 and files.read_or(f"{directory}/cgroup.subtree_control", ""):
        for line in files.read_or(f"/proc/{pid}/cgroup", "").splitlines():
            if line.startswith(f"0::{group.path}/"):
                return CgroupV2(line.removeprefix("0::"), group.layout)
    return group


def weight_of_shares(shares: int) -> int:
    """cpu.weight (1 to 10000) for v1's cpu.shares (2 to 262144): 1024 becomes 100, as the OCI runtimes agreed."""
    if shares <= 2:
        return 1
    if shares >= 262144:
        return 10000
    logarithm = math.log2(shares)
    return math.ceil(10 ** ((logarithm * logarithm + 125 * logarithm) / 612 - 7 / 34))


def _or_max(value: int) -> str:
    return "max" if value < 0 else str(value)


def _controllers(resources: Resources) -> list[str]:
    """The controllers that every container gets (statistics need them), and hugetlb on request."""
    return ["cpu", "cpuset", "io", "memory", "pids", *(["hugetlb"] if resources.get("hugepageLimits") else [])]


def _enable(parent: str, wanted: list[str]) -> None:
    """Pass `wanted` controllers on to the groups below `parent`, as far as the kernel has them."""
    enabled = files.read_or(f"{parent}/cgroup.subtree_control", "").split()
    available = files.read_or(f"{parent}/cgroup.controllers", "").split()
    for controller in wanted:
        if controller in available and controller not in enabled:
            try:
                files.write(f"{parent}/cgroup.subtree_control", f"+{controller}")
            except OSError:
                continue  # the write of the limit itself says what is missing


def _parse_io(text: str) -> tuple[tuple[BlockEntry, ...], tuple[BlockEntry, ...]]:
    volumes: list[BlockEntry] = []
    operations: list[BlockEntry] = []
    for line in text.splitlines():
        device, *pairs = line.split()
        major, _, minor = device.partition(":")
        values = dict(pair.split("=") for pair in pairs if "=" in pair)
        for name, operation in (("r", "read"), ("w", "write")):
            if f"{name}bytes" in values:
                volumes.append(BlockEntry(int(major), int(minor), operation, int(values[f"{name}bytes"])))
                operations.append(BlockEntry(int(major), int(minor), operation, int(values[f"{name}ios"])))
    return tuple(volumes), tuple(operations)
