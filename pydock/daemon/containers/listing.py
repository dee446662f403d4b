"""The containers list, as JSON text: of each container the parts that do not change with time are encoded once.

Called by the routes, `system df` included.  A part is kept for as long as the container's record is the same.
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydock.daemon.containers import links, list_filters
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.inspect import mount_json
from pydock.daemon.containers.record import Container, MountPoint, Status
from pydock.daemon.images.service import Images
from pydock.daemon.networks.settings import Sandbox
from pydock.daemon.networks.wire import endpoint_json, port_list
from pydock.daemon.offload import offload
from pydock.durations import human
from pydock.errors import InvalidParameter, NotFound
from pydock.imagestore import images as store
from pydock.imagestore.snapshots import Snapshots


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What a list is to hold; ``limit`` 0 is none."""

    filters: Mapping[str, Sequence[str]]
    all: bool = False
    limit: int = 0
    size: bool = False
    #: whether clients of this API version know HostConfig.Annotations here
    annotations: bool = True


@dataclass(frozen=True, slots=True)
class _Parts:
    """One container's JSON text, without what is put in at the time: image name, names by links, sizes, status.

    ``host``: HostConfig; ``plain_host``: as it was before API 1.46.
    """

    record: Container
    head: str
    names: str
    middle: str
    state: str
    host: str
    plain_host: str
    tail: str


class Listing:
    """Lists containers."""

    def __init__(self, catalog: Catalog, images: Images, stored: store.Images, snapshots: Snapshots) -> None:
        self._catalog = catalog
        self._images = images
        self._stored = stored
        self._snapshots = snapshots
        self._parts: dict[str, _Parts] = {}

    async def show(self, options: ListOptions) -> bytes:
        """The containers that `options` choose, the newest first, as a JSON array."""
        selection = list_filters.read(options.filters, self._catalog, self._ancestry)
        entries = self._select(options, selection)
        sizes = await asyncio.gather(*map(self._size, entries)) if options.size else [""] * len(entries)
        now = time.time_ns()
        images: dict[str, str] = {}
        linked = links.names_of(self._catalog.all())
        texts = [
            self._text(entry, linked.get(entry.record.name, []), size, now, images, options.annotations)
            for entry, size in zip(entries, sizes, strict=True)
        ]
        self._forget()
        return f"[{','.join(texts)}]\n".encode("utf-8", "surrogateescape")

    def _select(self, options: ListOptions, selection: list_filters.Selection) -> list[Entry]:
        everything = options.all or options.limit > 0 or selection.wants_stopped
        entries = self._catalog.all()
        if not everything and not selection.before and not selection.since:
            entries = [entry for entry in entries if list_filters.runs(entry.record)]
        entries.sort(key=lambda entry: entry.record.created, reverse=True)
        if selection.before:
            entries = entries[entries.index(selection.before) + 1 :]
        if selection.since and selection.since in entries:
            entries = entries[: entries.index(selection.since)]
        chosen = [
            entry for entry in entries if (everything or list_filters.runs(entry.record)) and selection.passes(entry)
        ]
        return chosen[: options.limit] if options.limit > 0 else chosen

    def _text(
        self, entry: Entry, linked: list[str], size: str, now: int, images: dict[str, str], annotations: bool
    ) -> str:
        record = entry.record
        parts = self._parts.get(record.id)
        if parts is None or parts.record is not record:
            parts = self._parts[record.id] = _encode(record)
        image = record.config["Image"]
        key = f"{image}\0{record.image}"
        if key not in images:
            images[key] = _json(self._image_name(image, record.image))
        names = _json(sorted(f"/{name}" for name in (record.name, *linked))) if linked else parts.names
        status = _json(status_text(entry, now))
        host = parts.host if annotations else parts.plain_host
        named = f'{names},"Image":{images[key]}'
        return f"{parts.head}{named}{parts.middle}{size}{parts.state}{status}{host}{parts.tail}"

    def _image_name(self, name: str, image: str) -> str:
        """The name that the container was made by, as long as it means the same image; else the ID."""
        if name == image:
            return name
        try:
            return name if self._images.resolve(name).id == image else image
        except (NotFound, InvalidParameter):
            return image

    async def _size(self, entry: Entry) -> str:
        try:
            written = (await offload(self._snapshots.usage, entry.id)).size
        except NotFound:
            written = 0
        image = self._stored.get(entry.record.image) if entry.record.image else None
        total = written + (image.size if image else 0)
        shown = {"SizeRw": written, "SizeRootFs": total}
        return "".join(f',"{key}":{value}' for key, value in shown.items() if value)

    def _ancestry(self, reference: str) -> set[str]:
        try:
            pending = [self._images.resolve(reference).id]
        except (NotFound, InvalidParameter):
            return set()
        found: set[str] = set()
        while pending:
            image = pending.pop()
            if image not in found:
                found.add(image)
                pending += [child.id for child in self._stored.children(image)]
        return found

    def _forget(self) -> None:
        """Drop the parts of containers that are gone, once they are many."""
        entries = self._catalog.all()
        if len(self._parts) > 2 * len(entries) + 16:
            here = {entry.id for entry in entries}
            self._parts = {id: parts for id, parts in self._parts.items() if id in here}


def status_text(entry: Entry, now: int) -> str:
    """``Status``: "Up 3 minutes (healthy)", "Exited (0) 4 minutes ago", as `docker ps` says it."""
    state = entry.record.state
    up = human(max(now - state.started_at, 0) / 1e9)
    match state.status:
        case Status.PAUSED:
            return f"Up {up} (Paused)"
        case Status.RESTARTING:
            return f"Restarting ({state.exit_code}) {human(max(now - state.finished_at, 0) / 1e9)} ago"
        case Status.RUNNING:
            health = entry.health["Status"] if entry.health else ""
            if not health or health == "none":
                return f"Up {up}"
            return f"Up {up} ({'health: starting' if health == 'starting' else health})"
        case Status.REMOVING:
            return "Removal In Progress"
        case Status.DEAD:
            return "Dead"
    if not state.started_at:
        return "Created"
    if not state.finished_at:
        return ""
    return f"Exited ({state.exit_code}) {human(max(now - state.finished_at, 0) / 1e9)} ago"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), check_circular=False)


def _encode(record: Container) -> _Parts:
    host = record.host_config
    mode = {"NetworkMode": host["NetworkMode"]}
    annotated = {**mode, "Annotations": host["Annotations"]} if host.get("Annotations") else mode
    ports = Sandbox.from_record(record.sandbox).shown_ports if record.sandbox else {}
    networks = {name: _endpoint(endpoint_json(endpoint)) for name, endpoint in sorted(record.endpoints.items())}
    middle = {
        "ImageID": record.image,
        "Command": _command(record),
        "Created": record.created // 1_000_000_000,
        "Ports": port_list(ports),
    }
    state = {"Labels": record.config["Labels"], "State": record.state.status.value}
    tail = {
        "NetworkSettings": {"Networks": networks},
        "Mounts": [_mount(point) for point in record.mounts],
    }
    return _Parts(
        record=record,
        head=f'{{"Id":"{record.id}","Names":',
        names=_json([f"/{record.name}"]),
        middle=f",{_json(middle)[1:-1]}",
        state=f',{_json(state)[1:-1]},"Status":',
        host=f',"HostConfig":{_json(annotated)}',
        plain_host=f',"HostConfig":{_json(mode)}',
        tail=f",{_json(tail)[1:]}",
    )


def _command(record: Container) -> str:
    words = [f"'{word}'" if " " in word else word for word in record.args]
    return " ".join([record.path, *words])


def _endpoint(shown: dict[str, Any]) -> dict[str, Any]:
    """A list tells less of an endpoint than an inspect."""
    if ipam := shown["IPAMConfig"]:
        shown["IPAMConfig"] = {key: value for key, value in ipam.items() if key != "LinkLocalIPs"}
    return {**shown, "Links": None, "Aliases": None, "DriverOpts": None, "DNSNames": None}


def _mount(point: MountPoint) -> dict[str, Any]:
    """An image's own volume is shown without its place, as by Docker."""
    shown = mount_json(point)
    return {**shown, "Source": ""} if point.kind == "volume" and point.anonymous and not point.mode else shown
