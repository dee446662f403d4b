"""The images that are here: found by name or ID, listed, looked at, tagged.

Called by the routes (list, inspect, history, tag), by the containers service (`resolve`) and by `system df`.
Every call may come from any thread; none waits for the network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydock.daemon.events import Events
from pydock.daemon.images.users import ImageUsers
from pydock.imagestore import images as store
from pydock.imagestore.layers import Layers
from pydock.imagestore.platforms import Platform
from pydock.imagestore.tags import Tags


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What a list is to hold; ``filters`` as they came, their keys are checked here."""

    filters: Mapping[str, Sequence[str]]
    all: bool = False
    shared_size: bool = False
    manifests: bool = False


class Images:
    """The image store as the API shows it."""

    def __init__(self, images: store.Images, tags: Tags, layers: Layers, events: Events, users: ImageUsers) -> None:
        raise NotImplementedError

    def resolve(self, reference: str, platform: Platform | None = None) -> store.Image:
        """The image that a name, a digest, an ID or the start of one means; memory only, so safe on the event loop.

        NotFound ("No such image: busybox:latest") where there is none, or none for `platform`.
        """
        raise NotImplementedError

    def config(self, image_id: str) -> dict[str, Any]:
        """The whole config of an image (``config``, ``history``, ``rootfs`` ...)."""
        raise NotImplementedError

    def names(self, image_id: str) -> list[str]:
        """The names of an image in their short form, tags first."""
        raise NotImplementedError

    def select(self, options: ListOptions) -> list[dict[str, Any]]:
        """The images as ``GET /images/json`` shows them, the newest first."""
        raise NotImplementedError

    def inspect(self, reference: str, platform: Platform | None = None, manifests: bool = False) -> dict[str, Any]:
        """One image as ``GET /images/{name}/json`` shows it."""
        raise NotImplementedError

    def history(self, reference: str, platform: Platform | None = None) -> list[dict[str, Any]]:
        """The steps that an image was made by, the last first."""
        raise NotImplementedError

    def tag(self, source: str, repository: str, tag: str = "") -> None:
        """Give an image one more name."""
        raise NotImplementedError

    def count(self) -> int:
        """How many images there are (``GET /info``)."""
        raise NotImplementedError

    def disk_usage(self) -> dict[str, Any]:
        """``LayersSize`` and ``Images`` (with shared sizes and container counts) for ``GET /system/df``."""
        raise NotImplementedError
