"""Compile supervisor.c for every machine: ``python -m pydock.runtime.supervisor.build`` after a change to it."""

import subprocess
from pathlib import Path

HERE = Path(__file__).parent
COMPILERS = {"x86_64": "x86_64-linux-gnu-gcc", "aarch64": "aarch64-linux-gnu-gcc"}
FLAGS = (
    "-Os", "-Wall", "-Wextra", "-Werror", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables", "-fno-pic", "-no-pie", "-fcf-protection=none", "-s", "-Wl,--build-id=none",
    "-Wl,-z,max-page-size=65536", "-Wl,-z,noseparate-code", "-Wl,-z,noexecstack",
)  # fmt: skip


def build(machine: str, target: Path) -> None:
    """Compile for `machine` into `target`."""
    flags = [flag for flag in FLAGS if machine == "x86_64" or "cf-protection" not in flag]
    subprocess.run([COMPILERS[machine], *flags, "-o", target, HERE / "supervisor.c"], check=True)
    target.chmod(0o644)


if __name__ == "__main__":
    for machine in COMPILERS:
        build(machine, HERE / f"{machine}.elf")
