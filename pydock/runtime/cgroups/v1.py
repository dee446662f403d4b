"""Control groups, version 1, and the hybrid set-up where v2 stands beside it without controllers."""

import contextlib
import errno
import os
import time

from pydock.errors import InvalidParameter
from pydock.runtime.cgroups import files
from pydock.runtime.cgroups.devices_v1 import device_commands
from pydock.runtime.cgroups.group import FREEZE_PATIENCE, Cgroup
from pydock.runtime.cgroups.stats import BlockEntry, CpuStats, MemoryStats, Stats
from pydock.runtime.spec import BlockIO, CpuLimits, MemoryLimits, Resources

_NANOSECONDS_PER_TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
#: what the kernel shows as memory limit where there is none is near this
_NO_LIMIT = 0x7FFFFFFFFFFFF000

_THROTTLES = (
    ("throttleReadBpsDevice", "blkio.throttle.read_bps_device"),
    ("throttleWriteBpsDevice", "blkio.throttle.write_bps_device"),
    ("throttleReadIOPSDevice", "blkio.throttle.read_iops_device"),
    ("throttleWriteIOPSDevice", "blkio.throttle.write_iops_device"),
)


class CgroupV1(Cgroup):
    """One directory in each hierarchy of v1, and in the unified one where it is mounted (it kills at once)."""

    def create(self, resources: Resources) -> list[str]:
        for mountpoint in self.layout.mountpoints():
            made = files.make_directories(mountpoint, self.path)
            if mountpoint == self.layout.v1.get("cpuset"):
                for directory in made:
                    _inherit_cpuset(directory)
        warnings = self.apply(resources)
        if "devices" in self.layout.v1 and "devices" in resources:
            directory = self._of("devices")
            for file, command in device_commands(resources["devices"]):
                files.write(f"{directory}/{file}", command)
        return warnings

    def apply(self, resources: Resources) -> list[str]:
        warnings: list[str] = []
        if memory := resources.get("memory"):
            self._apply_memory(memory, warnings)
        if cpu := resources.get("cpu"):
            self._apply_cpu(cpu, warnings)
        if pids := resources.get("pids"):
            limit = pids["limit"]
            self._write("pids", "pids.max", str(limit) if limit > 0 else "max", warnings)
        if block := resources.get("blockIO"):
            self._apply_block(block, warnings)
        for huge in resources.get("hugepageLimits", []):
            self._write("hugetlb", f"hugetlb.{huge['pageSize']}.limit_in_bytes", str(huge["limit"]), warnings)
        return warnings

    def descriptor(self) -> int:
        return -1

    def freeze(self) -> None:
        path, thawed = self._thawing()
        deadline = time.monotonic() + FREEZE_PATIENCE
        attempt = 0
        with files.Held(path) as state:
            try:
                while True:
                    # a process that forks meanwhile can keep the group FREEZING for ever: ask again, at times from the
                    # start
                    attempt += 1
                    if attempt % 50 == 0:
                        state.write(thawed)
                    state.write("FROZEN")
                    if "FROZEN" in state.read():
                        return
                    if time.monotonic() > deadline:
                        raise TimeoutError(errno.ETIMEDOUT, "the group does not freeze", path)
                    time.sleep(0.001)
            except BaseException:
                state.write(thawed)
                raise

    def _thawing(self) -> tuple[str, str]:
        return f"{self._of('freezer')}/freezer.state", "THAWED"

    def is_frozen(self) -> bool:
        return "freezer" in self.layout.v1 and "FROZEN" in files.read_or(f"{self._of('freezer')}/freezer.state", "")

    def oom_kills(self) -> int:
        if "memory" not in self.layout.v1:
            return 0
        return files.table(f"{self._of('memory')}/memory.oom_control").get("oom_kill", 0)

    def stats(self) -> Stats:
        cpuacct, cpu, memory = self._of("cpuacct"), self._of("cpu"), self._of("memory")
        ticks = files.table(f"{cpuacct}/cpuacct.stat")
        throttling = files.table(f"{cpu}/cpu.stat")
        return Stats(
            cpu=CpuStats(
                total=files.number_or(f"{cpuacct}/cpuacct.usage", 0),
                user=ticks.get("user", 0) * _NANOSECONDS_PER_TICK,
                system=ticks.get("system", 0) * _NANOSECONDS_PER_TICK,
                per_cpu=tuple(int(word) for word in files.read_or(f"{cpuacct}/cpuacct.usage_percpu", "").split()),
                periods=throttling.get("nr_periods", 0),
                throttled_periods=throttling.get("nr_throttled", 0),
                throttled_time=throttling.get("throttled_time", 0),
            ),
            memory=MemoryStats(
                usage=files.number_or(f"{memory}/memory.usage_in_bytes", 0),
                maximum=files.number_or(f"{memory}/memory.max_usage_in_bytes", 0),
                limit=files.number_or(f"{memory}/memory.limit_in_bytes", _NO_LIMIT),
                failures=files.number_or(f"{memory}/memory.failcnt", 0),
                details=files.table(f"{memory}/memory.stat"),
            ),
            block_bytes=self._block_table("io_service_bytes"),
            block_operations=self._block_table("io_serviced"),
            pids=files.number_or(f"{self._of('pids')}/pids.current", 0),
            pids_limit=files.number_or(f"{self._of('pids')}/pids.max", 0),
        )

    def _of(self, controller: str) -> str:
        """The group's directory for `controller`; one that does not exist where the kernel lacks it."""
        return self.layout.v1.get(controller, f"/sys/fs/cgroup/{controller}") + self.path

    def _directories(self) -> list[str]:
        # freezer and pids count every process; a realtime one may be refused by cpu
        first = self.layout.v1.get("freezer") or self.layout.v1.get("pids")
        others = [mountpoint for mountpoint in self.layout.mountpoints() if mountpoint != first]
        return [mountpoint + self.path for mountpoint in ([first] if first else []) + others]

    def _write(self, controller: str, file: str, text: str, warnings: list[str]) -> None:
        files.write_or_warn(f"{self._of(controller)}/{file}", text, warnings)

    def _apply_memory(self, memory: MemoryLimits, warnings: list[str]) -> None:
        limit, swap = memory.get("limit", 0), memory.get("swap", 0)
        pairs = [("memory.limit_in_bytes", limit), ("memory.memsw.limit_in_bytes", swap)]
        pairs = [(file, value) for file, value in pairs if value]
        if len(pairs) == 2:
            current = files.number_or(f"{self._of('memory')}/memory.memsw.limit_in_bytes", _NO_LIMIT)
            if swap == -1 or swap > current:
                pairs.reverse()  # the kernel wants memory <= memory + swap after every step
        for file, value in pairs:
            self._write("memory", file, str(value), warnings)
        if reservation := memory.get("reservation"):
            self._write("memory", "memory.soft_limit_in_bytes", str(reservation), warnings)
        if kernel := memory.get("kernelTCP"):
            self._write("memory", "memory.kmem.tcp.limit_in_bytes", str(kernel), warnings)
        swappiness = memory.get("swappiness", -1)
        if swappiness is not None and 0 <= swappiness <= 100:
            self._write("memory", "memory.swappiness", str(swappiness), warnings)
        if memory.get("disableOOMKiller"):
            self._write("memory", "memory.oom_control", "1", warnings)

    def _apply_cpu(self, cpu: CpuLimits, warnings: list[str]) -> None:
        if shares := cpu.get("shares"):
            self._write("cpu", "cpu.shares", str(shares), warnings)
            # the kernel puts others in force than it was told where they are out of its range
            actual = files.number_or(f"{self._of('cpu')}/cpu.shares", shares)
            if shares != actual:
                bound = "maximum" if shares > actual else "minimum"
                raise InvalidParameter(f"the {bound} allowed cpu-shares is {actual}")
        values = [("cpu.cfs_period_us", cpu.get("period", 0)), ("cpu.cfs_quota_us", cpu.get("quota", 0))]
        try:
            self._write_all("cpu", values, warnings)
        except OSError:
            self._write_all("cpu", values[::-1], warnings)  # the ratio must stay below the parent's at each step
        realtime = [
            ("cpu.rt_period_us", cpu.get("realtimePeriod", 0)),
            ("cpu.rt_runtime_us", cpu.get("realtimeRuntime", 0)),
        ]
        self._write_all("cpu", realtime, warnings)
        if cpus := cpu.get("cpus"):
            self._write("cpuset", "cpuset.cpus", cpus, warnings)
        if mems := cpu.get("mems"):
            self._write("cpuset", "cpuset.mems", mems, warnings)

    def _write_all(self, controller: str, values: list[tuple[str, int]], warnings: list[str]) -> None:
        for file, value in values:
            if value:
                self._write(controller, file, str(value), warnings)

    def _apply_block(self, block: BlockIO, warnings: list[str]) -> None:
        prefix = "blkio.bfq" if os.path.exists(f"{self._of('blkio')}/blkio.bfq.weight") else "blkio"
        if weight := block.get("weight"):
            self._write("blkio", f"{prefix}.weight", str(weight), warnings)
        for device in block.get("weightDevice", []):
            line = f"{device['major']}:{device['minor']} {device.get('weight', 0)}"
            self._write("blkio", f"{prefix}.weight_device", line, warnings)
        for key, file in _THROTTLES:
            for limit in block.get(key, []):  # type: ignore[attr-defined]
                self._write("blkio", file, f"{limit['major']}:{limit['minor']} {limit['rate']}", warnings)

    def _block_table(self, name: str) -> tuple[BlockEntry, ...]:
        blkio = self._of("blkio")
        for file in (f"blkio.{name}_recursive", f"blkio.bfq.{name}_recursive", f"blkio.throttle.{name}_recursive"):
            if entries := _parse_block(files.read_or(f"{blkio}/{file}", "")):
                return entries
        return ()


def _parse_block(text: str) -> tuple[BlockEntry, ...]:
    entries = []
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and ":" in words[0]:
            major, minor = words[0].split(":")
            entries.append(BlockEntry(int(major), int(minor), words[1].lower(), int(words[2])))
    return tuple(entries)


def _inherit_cpuset(directory: str) -> None:
    """A new cpuset is empty, and no process can join it so: it takes over its parent's."""
    parent = os.path.dirname(directory)
    for file in ("cpuset.cpus", "cpuset.mems"):
        with contextlib.suppress(FileNotFoundError):
            if not files.read(f"{directory}/{file}").strip():
                files.write(f"{directory}/{file}", files.read(f"{parent}/{file}").strip())
