"""A container's events, with the attributes that Docker gives them.  Every service of this package publishes here."""

from pydock.daemon.containers.record import Container
from pydock.daemon.events import Events


class Announcements:
    """Publishes what happens to containers."""

    def __init__(self, events: Events) -> None:
        self._events = events

    def publish(self, record: Container, action: str, **attributes: str) -> None:
        """Tell that `action` happened to the container; its labels, image and name go with it."""
        self._events.publish("container", action, record.id, {**record.event_attributes(), **attributes})
