"""The host name of a container that shares another's network: the other's, as in Docker.  Called at each start."""

from dataclasses import replace

from pydock.daemon.containers.catalog import Catalog
from pydock.daemon.containers.record import Container
from pydock.errors import PydockError

_SHARED = "container:"


def as_the_owner_has_it(record: Container, catalog: Catalog) -> Container:
    """The record with the names of whose network it shares; as it is where there is none, which the start will tell."""
    mode = record.host_config.get("NetworkMode") or ""
    if not mode.startswith(_SHARED):
        return record
    try:
        owner = catalog.find(mode.removeprefix(_SHARED)).record.config
    except PydockError:
        return record
    names = {key: owner.get(key) or "" for key in ("Hostname", "Domainname")}
    return replace(record, config={**record.config, **names})
