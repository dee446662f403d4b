"""Push, as the API has it: names read, progress told, the event published.

Called by the route ``POST /images/{name}/push``.
"""

from pydock.daemon.events import Events
from pydock.daemon.images.operation import Report, Work
from pydock.daemon.images.progress import Messages
from pydock.daemon.images.service import Images
from pydock.errors import InvalidParameter
from pydock.imagestore import reference as references
from pydock.imagestore.platforms import Platform
from pydock.imagestore.registry.cancellation import Cancellation
from pydock.imagestore.registry.credentials import Credentials
from pydock.imagestore.registry.push import Pusher, Request


class Pushes:
    """Pushes images."""

    def __init__(self, pusher: Pusher, images: Images, events: Events) -> None:
        self._pusher = pusher
        self._images = images
        self._events = events

    def begin(self, name: str, tag: str, credentials: Credentials, platform: Platform | None = None) -> Work:
        """The work that pushes `name` at `tag`, or at all its tags where that is ""; InvalidParameter for no name.

        NotFound where `platform` is not the image's.
        """
        reference = references.parse(name)
        if tag:
            if reference.digest:
                raise InvalidParameter("cannot push a digest reference")
            reference = reference.with_tag(tag)
        if platform is not None:
            self._images.resolve(reference.familiar, platform)

        def work(report: Report, cancellation: Cancellation) -> None:
            self._pusher.push(Request(reference, credentials), Messages(report), cancellation)
            self._events.publish("image", "push", reference.familiar, {"name": reference.familiar_name})

        return work
