"""What a process does before it forks: in one of its own, as it can't be undone."""

import subprocess
import sys

SCRIPT = """
import gc
from pydock.runtime import shared_pages

class Thing:
    pass

holes = [bytes(31) for _ in range(1000)]
del holes[::2]
shared_pages.settle()
# the free blocks between those that are left are taken: what is made now lies side by side
made = [id(one) for one in [bytes(31) for _ in range(100)]]
print(gc.isenabled(), gc.get_freeze_count() > 0, max(made) - min(made) < 200 * 64)
"""


def test_what_is_made_afterwards_lies_together() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout == "False True True\n"
