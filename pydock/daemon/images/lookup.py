"""Finding an image by what users write: a name, a digest, an ID or the start of one.

Memory only, so safe on the event loop.  Used by `service` and `removal`.
"""

import re
from typing import Final

from pydock.daemon.images import naming
from pydock.errors import NotFound
from pydock.imagestore import images as store
from pydock.imagestore import platforms
from pydock.imagestore import reference as references
from pydock.imagestore.platforms import Platform
from pydock.imagestore.tags import Tags

_FULL_ID: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_PREFIX: Final = re.compile(r"(?:sha256:)?([0-9a-f]{1,64})")


def find(images: store.Images, tags: Tags, reference: str) -> store.Image:
    """The image that `reference` means; NotFound in Docker's words, InvalidParameter where it can't mean any."""
    whole = _FULL_ID.fullmatch(reference)
    if whole is not None:
        image = images.get(f"sha256:{whole[1]}")
        if image is None:
            raise NotFound(f"No such image: sha256:{whole[1]}")
        return image
    name = naming.key(reference)
    image = images.get(tags.find(name) or "")
    if image is not None:
        return image
    prefix = _PREFIX.fullmatch(reference)
    found = images.matching(prefix[1]) if prefix else []
    if len(found) == 1:
        return found[0]
    raise NotFound(f"No such image: {references.parse(reference).with_default_tag().familiar}")


def check_platform(image: store.Image, reference: str, wanted: Platform) -> None:
    """Refuse an image that does not run where `wanted` does."""
    offered = platforms.normalize(image.os, image.architecture, image.variant)
    if platforms.rank(wanted, offered) >= 0:
        return
    if not image.variant and (offered.os, offered.architecture) == (wanted.os, wanted.architecture):
        return
    plain = "/".join(part for part in (image.os, image.architecture, image.variant) if part)
    raise NotFound(
        f"image with reference {reference} was found but its platform ({plain}) "
        f"does not match the specified platform ({wanted.full})"
    )


def is_id(reference: str) -> bool:
    """Tell whether `reference` can only be an ID: with the algorithm before it, or all its digits."""
    return _FULL_ID.fullmatch(reference) is not None or (
        reference.startswith("sha256:") and _PREFIX.fullmatch(reference) is not None
    )


def is_id_prefix(image_id: str, reference: str) -> bool:
    """Tell whether `reference` is the start of an ID, with or without its algorithm."""
    return image_id.startswith(reference) or image_id.partition(":")[2].startswith(reference)
