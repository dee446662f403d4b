"""What all network services stand on: the host's kernel as far as networks go, in one value.

Made by `wiring.networks`; the services and `attachments` share it.
"""

from dataclasses import dataclass

from pydock.daemon.networks.relays import Relays
from pydock.network.bridge import Host
from pydock.network.firewall import Firewall
from pydock.network.namespaces import Namespaces
from pydock.network.passage import Passage
from pydock.network.ports import Ports


@dataclass(frozen=True, slots=True)
class Ground:
    """The host's namespaces, links, packet filter and ports, and what is told to relays."""

    namespaces: Namespaces
    host: Host
    firewall: Firewall
    ports: Ports
    passage: Passage
    relays: Relays
