"""What the kernel tests of the workers share with the image store's."""

from tests.kernel.imagestore.conftest import store, zygote

__all__ = ["store", "zygote"]
