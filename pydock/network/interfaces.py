"""The interfaces inside a container's network namespace: their names, their going, and the default routes.

Called by the daemon's network services, from any thread; `bridge` makes them.
"""

import contextlib
import errno
from collections.abc import Iterable, Sequence

from pydock.linux import rtnetlink as rt
from pydock.linux.netlink import Message
from pydock.linux.rtnetlink import Address
from pydock.network.namespaces import Space


def names(space: Space) -> set[str]:
    """The names of a namespace's interfaces."""
    return {link.name for link in rt.links(space.netlink)}


def names_by_address(space: Space) -> dict[str, str]:
    """The names of a namespace's interfaces by their hardware and their IP addresses (ipvlan ones share the former)."""
    links = rt.links(space.netlink)
    by_index = {link.index: link.name for link in links}
    found = {link.mac: link.name for link in links if link.mac}
    return found | {str(one.ip): by_index[index] for index, one in rt.addresses(space.netlink) if index in by_index}


def detach(space: Space, name: str) -> None:
    """Take an interface away from a running container."""
    try:
        space.netlink.request([rt.delete_link(name)])
    except OSError as error:
        if error.errno != errno.ENODEV:
            raise


def silence(space: Space, names: Iterable[str]) -> None:
    """Have a namespace that will be gone soon answer no more: its addresses may be another's before it is."""
    for name in names:
        with contextlib.suppress(OSError):  # somebody renamed or removed it
            space.netlink.request([rt.set_link(name, up=False)])


def set_gateways(space: Space, chosen: Sequence[tuple[str, int, Address | None]]) -> None:
    """Have the default routes go by (interface, IP version, gateway), and by nothing else."""
    changes: list[Message] = []
    names = {link.name: link.index for link in rt.links(space.netlink)}
    for version in (4, 6):
        wanted = {(names[name], gateway) for name, of, gateway in chosen if of == version and name in names}
        present = {
            (route.interface, route.gateway)
            for route in rt.routes(space.netlink, version)
            if not route.destination.prefixlen
        }
        changes += [rt.delete_route(None, index, gateway, version) for index, gateway in present - wanted]
        changes += [rt.add_route(None, index, gateway, version) for index, gateway in wanted - present]
    if changes:
        space.netlink.request(changes)
