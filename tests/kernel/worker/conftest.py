"""What the kernel tests of the workers share with the image store's."""

import os

import pytest

from tests.kernel.imagestore.conftest import store, zygote

__all__ = ["store", "zygote"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Root, or there is nothing to test."""
    if os.geteuid():
        for item in items:
            if "kernel/worker" in str(item.path):
                item.add_marker(pytest.mark.skip(reason="needs root"))
