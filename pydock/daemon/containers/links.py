"""Legacy links (``--link`` on the default bridge): checked for create, shown by inspect in Docker's long form."""

from collections.abc import Sequence
from typing import Any

from pydock.daemon.containers.catalog import Catalog
from pydock.errors import Conflict, InvalidParameter, NotFound

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
        found.append(f"{child.record.name}:{alias}")
    return found


def shown(links: Sequence[str] | None, name: str) -> list[str] | None:
    """``HostConfig.Links`` of the container `name`, as inspect shows it."""
    if not links:
        return None
    return [f"/{child}:/{name}/{alias}" for child, alias in map(parse, links)]


def _find(catalog: Catalog, name: str) -> Any:
    try:
        return catalog.find(name)
    except (NotFound, InvalidParameter, Conflict) as error:
        raise InvalidParameter(f"could not get container for {name}: {error.message}") from None
