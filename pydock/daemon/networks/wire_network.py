"""From a network's record to Docker's JSON: for the list of networks and for inspect.

Called by the networks service.
"""

from datetime import UTC, datetime
from typing import Any

from pydock.daemon.networks.live import LiveNetwork
from pydock.daemon.networks.pools import in_docker_order
from pydock.daemon.networks.record import NetworkRecord, Pool
from pydock.errors import NotFound


def summary(record: NetworkRecord) -> dict[str, Any]:
    """A network as the list shows it."""
    return {
        "Name": record.name,
        "Id": record.id,
        "Created": _time(record.created),
        "Scope": "local",
        "Driver": record.driver,
        "EnableIPv4": record.enable_ipv4,
        "EnableIPv6": record.enable_ipv6,
        "IPAM": _ipam(record),
        "Internal": record.internal,
        "Attachable": record.attachable,
        "Ingress": False,
        "ConfigFrom": {"Network": record.config_from},
        "ConfigOnly": record.config_only,
        "Containers": {},
        "Options": dict(record.options),
        "Labels": dict(record.labels),
    }


def inspect(network: LiveNetwork, scope: str = "") -> dict[str, Any]:
    """A network with the containers on it."""
    record = network.record
    if scope and scope != "local":
        raise NotFound(f"network {record.name} not found")
    containers = {
        endpoint.container_id: {
            "Name": endpoint.container_name,
            "EndpointID": endpoint.id,
            "MacAddress": endpoint.mac,
            "IPv4Address": endpoint.ipv4,
            "IPv6Address": endpoint.ipv6,
        }
        for endpoint in network.endpoints()
    }
    return {**summary(record), "Containers": containers}


def _ipam(record: NetworkRecord) -> dict[str, Any]:
    config = [_pool(pool) for pool in in_docker_order([*record.pools, *record.unused_pools])]
    options = None if record.ipam_options is None else dict(record.ipam_options)
    return {"Driver": record.ipam_driver, "Options": options, "Config": config or None}


def _pool(pool: Pool) -> dict[str, Any]:
    found: dict[str, Any] = {"Subnet": pool.subnet}
    if pool.ip_range:
        found["IPRange"] = pool.ip_range
    if pool.gateway and not pool.implied:
        found["Gateway"] = pool.gateway
    if pool.auxiliary:
        found["AuxiliaryAddresses"] = dict(pool.auxiliary)
    return found


def _time(nanoseconds: int) -> str:
    """RFC 3339 with nanoseconds, as Go writes it: without zeros at the end."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    base = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{rest:09}".rstrip("0").rstrip(".")
    return f"{base}{fraction}Z"
