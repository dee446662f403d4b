"""Pull, as the API has it: names and tags read, progress told, the event published.

Called by the route ``POST /images/create?fromImage=``.
"""

from dataclasses import replace

from pydock.daemon.events import Events
from pydock.daemon.images.operation import Report, Work
from pydock.daemon.images.progress import Messages
from pydock.daemon.images.service import Images
from pydock.errors import Forbidden, InvalidParameter, NotFound
from pydock.imagestore import reference as references
from pydock.imagestore.platforms import Platform
from pydock.imagestore.reference import Reference
from pydock.imagestore.registry.cancellation import Cancellation
from pydock.imagestore.registry.credentials import Credentials
from pydock.imagestore.registry.pull import Puller, Request

_RESERVED = "scratch"


class Pulls:
    """Pulls images."""

    def __init__(self, puller: Puller, images: Images, events: Events) -> None:
        self._puller = puller
        self._images = images
        self._events = events

    def begin(self, image: str, tag: str, credentials: Credentials, platform: Platform | None) -> Work:
        """The work that pulls `image` (with its tag or digest, or with `tag`; with neither, all tags).

        InvalidParameter where that is no name.
        """
        reference = named(image.removesuffix(":"), tag)
        request = Request(reference, credentials, platform, all_tags=reference.name_only)

        def work(report: Report, cancellation: Cancellation) -> None:
            messages = Messages(report)
            self._puller.pull(request, messages, cancellation)
            self._warn(reference, platform, messages)
            self._events.publish(
                "image", "pull", reference.familiar, {"name": reference.familiar_name} | self._labels(reference)
            )

        return work

    def _warn(self, reference: Reference, platform: Platform | None, messages: Messages) -> None:
        """Say so where an image of one platform alone was pulled, and it was not the wanted one."""
        if platform is None or reference.name_only:
            return
        try:
            self._images.resolve(str(reference), platform)
        except NotFound as error:
            messages.say(f"WARNING: {error.message}")

    def _labels(self, reference: Reference) -> dict[str, str]:
        try:
            return dict(self._images.resolve(str(reference)).labels or {})
        except NotFound:
            return {}


def named(name: str, tag: str) -> Reference:
    """The reference of a name and, apart from it, a tag or digest; refused in Docker's words."""
    reference = references.parse(name)
    if tag:
        try:
            reference = reference.with_digest(tag)
        except InvalidParameter:
            # a digest is what shall be had, whatever the tag leads to
            reference = replace(reference.with_tag(tag), digest=reference.digest)
    if reference.familiar_name == _RESERVED:
        raise Forbidden(f"'{_RESERVED}' is a reserved name")
    return reference
