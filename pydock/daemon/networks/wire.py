"""From a container's network values to Docker's JSON: for inspect and list of containers.

Called by the containers service's inspect; `parse_endpoint` is its inverse for create and connect.
"""

from collections.abc import Mapping
from typing import Any

from pydock.daemon.networks.settings import ContainerNetwork, EndpointSettings, PortBinding, Sandbox


def network_settings(container: ContainerNetwork, sandbox: Sandbox | None) -> dict[str, Any]:
    """``NetworkSettings`` of a container's inspect; `sandbox` is None where it does not run."""
    raise NotImplementedError


def endpoint_json(endpoint: EndpointSettings) -> dict[str, Any]:
    """One value of ``NetworkSettings.Networks``."""
    raise NotImplementedError


def parse_endpoint(value: Mapping[str, Any] | None) -> EndpointSettings:
    """An ``EndpointSettings`` object of a create or connect request; what an inspect shows is accepted."""
    raise NotImplementedError


def port_list(ports: Mapping[str, tuple[PortBinding, ...] | None]) -> list[dict[str, Any]]:
    """``Ports`` of an entry of the containers list."""
    raise NotImplementedError
