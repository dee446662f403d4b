"""What happens in the engine, told to whoever listens and remembered for a while.

Every service publishes; `GET /events` and the services' own watchers listen.  All of it runs on the
event loop's thread, but for `publish`, which any thread may call.
"""

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Filters = Mapping[str, Sequence[str]]

#: How many past events `since` can reach.
HISTORY = 1024
#: How many events may wait for a listener that does not read, before it is dropped.
BACKLOG = 4096

#: Events of these kinds carry the fields that clients before API 1.22 read.
_LEGACY = ("container", "image")
#: The filters that name an object.
_KINDS = ("daemon", "container", "plugin", "volume", "network", "service", "node", "secret", "config")


@dataclass(frozen=True, slots=True)
class Event:
    """One event; ``time`` is in nanoseconds since the epoch."""

    kind: str
    action: str
    id: str
    attributes: Mapping[str, str]
    time: int

    def wire(self) -> dict[str, Any]:
        """The event as the API shows it."""
        legacy: dict[str, str] = {}
        if self.kind in _LEGACY:
            legacy = {"status": self.action, "id": self.id}
            if self.kind == "container":
                legacy["from"] = self.attributes.get("image", "")
        return {
            **{name: text for name, text in legacy.items() if text},
            "Type": self.kind,
            "Action": self.action,
            "Actor": {"ID": self.id, "Attributes": dict(self.attributes)},
            "scope": "local",
            "time": self.time // 1_000_000_000,
            "timeNano": self.time,
        }


@dataclass(eq=False, slots=True)
class _Listener:
    filters: Filters
    queue: deque[Event] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: bool = False


class Events:
    """The engine's events.  Made on the event loop."""

    def __init__(self, history: int = HISTORY) -> None:
        self._history: deque[Event] = deque(maxlen=history)
        self._listeners: set[_Listener] = set()
        self._loop = asyncio.get_running_loop()
        self._last = 0

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    def publish(self, kind: str, action: str, id: str, attributes: Mapping[str, str] | None = None) -> None:
        """Tell that `action` happened to the `kind` (container, image, network, volume, daemon ...) with `id`."""
        event = Event(kind, action, id, dict(attributes or {}), time.time_ns())
        try:
            here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            here = False
        if here:
            self._deliver(event)
        else:
            self._loop.call_soon_threadsafe(self._deliver, event)

    def listen(
        self, filters: Filters | None = None, since: int | None = None, until: int | None = None
    ) -> "Subscription":
        """Start to listen now; the caller iterates over what it gets and closes it."""
        listener = _Listener(filters or {})
        if since is not None or until is not None:
            listener.queue.extend(
                event
                for event in self._history
                if (since or 0) <= event.time <= (until or event.time) and matches(event, listener.filters)
            )
        self._listeners.add(listener)
        return Subscription(listener, until, self._listeners)

    def _deliver(self, event: Event) -> None:
        self._history.append(event)
        for listener in tuple(self._listeners):
            if matches(event, listener.filters):
                if len(listener.queue) >= BACKLOG + HISTORY:
                    listener.dropped = True
                    self._listeners.discard(listener)
                else:
                    listener.queue.append(event)
                listener.wake.set()


class Subscription:
    """One listener's events, in order.  Ends at `until`, or when the listener was too slow for too long."""

    def __init__(self, listener: _Listener, until: int | None, listeners: set[_Listener]) -> None:
        self._listener = listener
        self._until = until
        self._listeners = listeners

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Event:
        while not self._listener.queue:
            if self._listener.dropped or not await self._wait():
                raise StopAsyncIteration
        event = self._listener.queue.popleft()
        if self._until is not None and event.time > self._until:
            raise StopAsyncIteration
        return event

    def waiting(self, most: int) -> list[Event]:
        """Take up to `most` events that are here already."""
        queue = self._listener.queue
        taken: list[Event] = []
        while queue and len(taken) < most and (self._until is None or queue[0].time <= self._until):
            taken.append(queue.popleft())
        return taken

    async def _wait(self) -> bool:
        """Wait for an event; False where `until` came first."""
        self._listener.wake.clear()
        if self._until is None:
            await self._listener.wake.wait()
            return True
        left = (self._until - time.time_ns()) / 1e9
        if left <= 0:
            return False
        try:
            async with asyncio.timeout(left):
                await self._listener.wake.wait()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Stop listening."""
        self._listeners.discard(self._listener)


def matches(event: Event, filters: Filters) -> bool:
    """Whether `event` passes `filters`, as Docker reads them: any value of a key, every key."""
    return (
        _any_of(filters, "event", event.action, _same_action)
        and _any_of(filters, "type", event.kind)
        and _any_of(filters, "scope", "local")
        and all(_names(event, filters.get(kind, ())) for kind in _KINDS)
        and _image(event, filters)
        and _labels(event, filters.get("label", ()))
    )


def _same_action(wanted: str, action: str) -> bool:
    """``exec_start: sh`` is found by ``exec_start`` too, ``health_status: healthy`` by ``health_status``."""
    return wanted == action or (
        action.startswith(wanted + ":") and wanted in ("exec_create", "exec_start", "health_status")
    )


def _any_of(filters: Filters, key: str, value: str, same: Any = str.__eq__) -> bool:
    wanted = filters.get(key, ())
    return not wanted or any(same(one, value) for one in wanted)


def _names(event: Event, wanted: Sequence[str]) -> bool:
    """A filter by object passes what has an id or a name that begins with one of the values, as in Docker."""
    name = event.attributes.get("name", "")
    return not wanted or any(event.id.startswith(one) or name.startswith(one) for one in wanted)


def _image(event: Event, filters: Filters) -> bool:
    """``image`` finds images and the containers made of them, with or without their tag."""
    wanted = filters.get("image", ())
    if not wanted:
        return True
    name = event.attributes.get("name" if event.kind == "image" else "image", "")
    candidates = {event.id, name, _strip_tag(event.id), _strip_tag(name)}
    return any(one in candidates for one in wanted)


def _strip_tag(name: str) -> str:
    """``centos:9`` and ``centos@sha256:...`` give ``centos``; a registry's port stays."""
    name = name.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name


def _labels(event: Event, wanted: Sequence[str]) -> bool:
    for label in wanted:
        name, equals, value = label.partition("=")
        if name not in event.attributes or (equals and event.attributes[name] != value):
            return False
    return True
