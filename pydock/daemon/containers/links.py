"""Legacy links (``--link`` on the default bridge): checked for create, shown by inspect in Docker's long form.

A start and each exec ask for the variables that tell of the containers linked to; the list shows the names that
links make, a removal can take one away, a rename is followed.
"""

import posixpath
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.record import Container
from pydock.daemon.networks.publishing import split_port
from pydock.daemon.offload import offload
from pydock.errors import Conflict, InvalidParameter, NotFound, System
from pydock.network import hosts_file

#: variables of a linked container that say nothing to others
_UNTOLD = ("HOME", "PATH")
_BUILTIN = ("", "default", "bridge", "none", "host")


def parse(text: str) -> tuple[str, str]:
    """(container, alias) of a link as a user writes it or as inspect shows it."""
    if not text:
        raise InvalidParameter("empty string specified for links")
    parts = text.split(":")
    if len(parts) > 2:
        raise InvalidParameter(f"bad format for links: {text}")
    if len(parts) == 1:
        return text, text
    if parts[0].startswith("/"):
        return parts[0][1:], parts[1].rpartition("/")[2]
    return parts[0], parts[1]


def check_links(host: dict[str, Any], catalog: Catalog) -> list[str] | None:
    """The links of a new container as ``NAME:ALIAS``, None for none; on a network of the user's own they are not kept.

    InvalidParameter where the other container is not there.
    """
    mode = host["NetworkMode"]
    if not host["Links"] or not (mode in _BUILTIN or mode.startswith("container:")):
        return None
    found = []
    for text in host["Links"]:
        name, alias = parse(text)
        child = _find(catalog, name)
        while (shared := child.record.host_config.get("NetworkMode") or "").startswith("container:"):
            child = _find(catalog, shared.partition(":")[2])
        if shared == "host":
            raise InvalidParameter(
                "conflicting options: host type networking can't be used with links. "
                "This would result in undefined behavior"
            )
        alias = posixpath.normpath("/" + alias.lstrip("/"))[1:]
        if alias:  # as in Docker, without one there is nothing to call it by
            found.append(f"{child.record.name}:{alias}")
    return found or None


def shown(links: Sequence[str] | None, name: str) -> list[str] | None:
    """``HostConfig.Links`` of the container `name`, as inspect shows it."""
    if not links:
        return None
    return [f"/{child}:/{name}/{alias}" for child, alias in map(parse, links)]


def names_of(entries: Iterable[Entry]) -> dict[str, list[str]]:
    """The names ``PARENT/ALIAS`` that links give to containers, by the containers' own names."""
    given: dict[str, list[str]] = {}
    for entry in entries:
        for child, alias in map(parse, entry.record.host_config.get("Links") or ()):
            given.setdefault(child, []).append(f"{entry.record.name}/{alias}")
    return given


async def unlink(catalog: Catalog, reference: str) -> None:
    """Take the link away that ``PARENT/ALIAS`` names; NotFound where nothing has that name."""
    catalog.find(reference)
    parent, _, alias = reference.removeprefix("/").partition("/")
    if not alias:
        raise System("Conflict, cannot remove the default link name of the container")
    entry = catalog.find(parent)
    async with entry.lock:
        links = entry.record.host_config["Links"] or ()
        await _save(catalog, entry, [link for link in links if parse(link)[1] != alias])
        await _tell(entry.record, alias, "")


async def follow(catalog: Catalog, old: str, new: str) -> None:
    """Have the links to the container that was called `old` name it as it is called now."""
    for entry in catalog.all():
        if any(parse(link)[0] == old for link in entry.record.host_config.get("Links") or ()):
            async with entry.lock:
                pairs = map(parse, entry.record.host_config["Links"] or ())
                with suppress(NotFound):  # it was removed just now
                    await _save(catalog, entry, [f"{new if child == old else child}:{alias}" for child, alias in pairs])


async def tell_address(catalog: Catalog, record: Container) -> None:
    """Have those that run and link to the container, which is being started, know its address."""
    bridge = record.endpoints.get("bridge")
    for entry in catalog.all() if bridge else ():
        pairs = entry.record.host_config.get("Links")
        for child, alias in map(parse, pairs or ()):
            if bridge and child == record.name:
                await _tell(entry.record, alias, bridge.ip_address)


async def _tell(parent: Container, alias: str, address: str) -> None:
    if parent.state.status.has_process():
        with suppress(OSError):  # its own trouble, not that of the container linked to
            await offload(hosts_file.move, parent.directory / "hosts", alias, address)


async def _save(catalog: Catalog, entry: Entry, links: list[str]) -> None:
    host = {**entry.record.host_config, "Links": links or None}
    await catalog.save(entry, replace(entry.record, host_config=host))


def environment(record: Container, catalog: Catalog) -> list[str]:
    """The variables ``ALIAS_PORT…``, ``ALIAS_NAME`` and ``ALIAS_ENV_…`` of all containers that `record` links to.

    System where one of them does not run; one that is gone is passed over.  Links are the default bridge's alone.
    """
    variables: list[str] = []
    if "bridge" not in record.endpoints:
        return variables
    for name, alias in map(parse, record.host_config.get("Links") or ()):
        try:
            child = catalog.find(name).record
        except NotFound:
            continue
        if not child.state.status.has_process():
            raise System(f"Cannot link to a non running container: /{name} AS /{record.name}/{alias}")
        bridge = child.endpoints.get("bridge")
        if bridge is None:
            raise System(f"container {child.id} not attached to default bridge network")
        prefix = alias.upper().replace("-", "_")
        variables += _port_variables(prefix, bridge.ip_address, child.config.get("ExposedPorts") or ())
        variables.append(f"{prefix}_NAME=/{record.name}/{alias}")
        for variable in child.config["Env"] or ():
            if "=" in variable and variable.partition("=")[0] not in _UNTOLD:
                variables.append(f"{prefix}_ENV_{variable}")
    return variables


def _port_variables(prefix: str, address: str, exposed: Iterable[str]) -> list[str]:
    ports = sorted(set(map(split_port, exposed)), key=_rank)
    variables = []
    for place, (port, protocol) in enumerate(ports):
        url, stem = f"{protocol}://{address}:{port}", f"{prefix}_PORT_{port}_{protocol.upper()}"
        if not place:
            variables.append(f"{prefix}_PORT={url}")
        variables += [f"{stem}={url}", f"{stem}_ADDR={address}", f"{stem}_PORT={port}", f"{stem}_PROTO={protocol}"]
    return variables + _range_variables(prefix, address, ports)


def _range_variables(prefix: str, address: str, ports: Sequence[tuple[int, str]]) -> list[str]:
    """The first and last of each run of ports that follow one another."""
    runs: list[list[tuple[int, str]]] = []
    for port, protocol in ports:
        if runs and runs[-1][-1] == (port - 1, protocol):
            runs[-1].append((port, protocol))
        else:
            runs.append([(port, protocol)])
    variables = []
    for (first, protocol), *_, (last, _) in (run for run in runs if len(run) > 1):
        stem = f"{prefix}_PORT_{first}_{protocol.upper()}"
        variables += [f"{stem}_START={protocol}://{address}:{first}", f"{stem}_PORT_START={first}"]
        variables += [f"{stem}_END={protocol}://{address}:{last}", f"{stem}_PORT_END={last}"]
    return variables


def _rank(port: tuple[int, str]) -> tuple[bool, str, int]:
    number, protocol = port
    return protocol != "tcp", protocol, number


def _find(catalog: Catalog, name: str) -> Any:
    try:
        return catalog.find(name)
    except (NotFound, InvalidParameter, Conflict) as error:
        raise InvalidParameter(f"could not get container for {name}: {error.message}") from None
