"""What a control group has used: one shape for both versions, close to what Docker's stats answer needs."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CpuStats:
    """Times in nanoseconds; ``per_cpu`` is empty on v2, which does not count so."""

    total: int = 0
    user: int = 0
    system: int = 0
    per_cpu: tuple[int, ...] = ()
    periods: int = 0
    throttled_periods: int = 0
    throttled_time: int = 0


@dataclass(frozen=True, slots=True)
class MemoryStats:
    """Bytes; ``limit`` is 2**64-1 where there is none; ``details`` is memory.stat as the kernel has it."""

    usage: int = 0
    maximum: int = 0
    limit: int = 2**64 - 1
    failures: int = 0
    details: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BlockEntry:
    """One line of Docker's blkio tables: ``operation`` as the version spells it (Read, read)."""

    major: int
    minor: int
    operation: str
    value: int


@dataclass(frozen=True, slots=True)
class Stats:
    """One reading of a group."""

    cpu: CpuStats = CpuStats()
    memory: MemoryStats = MemoryStats()
    block_bytes: tuple[BlockEntry, ...] = ()
    block_operations: tuple[BlockEntry, ...] = ()
    pids: int = 0
    #: 0 where there is no limit
    pids_limit: int = 0
