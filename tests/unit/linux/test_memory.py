"""What was freed goes back to the kernel."""

import subprocess
import sys

import pytest

from pydock.linux.syscall import libc

#: resident pages with many blocks, when most of them are freed but not those at the heap's end, and after a trim
PROGRAM = """
from pydock.linux import memory
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])
blocks = [bytes(20_000) for _ in range(4000)]
full = resident()
blocks = blocks[99::100]
memory.trim()
print(full, resident())
"""


@pytest.mark.skipif(not hasattr(libc, "malloc_trim"), reason="the C library has no such call")
def test_free_memory_in_the_midst_of_what_is_in_use_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    full, trimmed = map(int, done.stdout.split())
    assert trimmed < full / 2
