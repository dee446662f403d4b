"""What each folder of the kernel tests wants of the machine; without it there is nothing to test."""

import os
import shutil
from pathlib import Path

import pytest

WANT_ROOT = ("daemon_images", "daemon_volumes", "imagestore", "network_dns", "worker")
WANT_BUSYBOX_TOO = ("daemon", "daemon_networks", "runtime")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what lacks root or busybox."""
    no_root = "needs root" if os.geteuid() else ""
    reasons = dict.fromkeys(WANT_ROOT, no_root)
    reasons |= dict.fromkeys(WANT_BUSYBOX_TOO, no_root or ("" if shutil.which("busybox") else "needs busybox-static"))
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and (reason := reasons.get(item.path.relative_to(here).parts[0], "")):
            item.add_marker(pytest.mark.skip(reason=reason))
