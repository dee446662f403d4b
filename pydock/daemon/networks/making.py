"""Networks made, removed and brought back, in the calling thread: `Networks` calls it off the event loop.

A network is entered in the index first, then made; it is taken out of the index first, then unmade.  So what a crash
leaves is a bridge that no record names (it goes at start-up) or a record whose bridge is missing (it is made then).
"""

import json
import logging
import secrets
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from pydock.daemon.networks import bridges
from pydock.daemon.networks.ground import Ground
from pydock.daemon.networks.live import LiveNetwork, Registry
from pydock.daemon.networks.pools import with_gateway
from pydock.daemon.networks.record import BRIDGE_NAME, GATEWAY_MODES, INHIBIT_IPV4, NetworkRecord, Pool, parse_bool
from pydock.daemon.networks.request import Draft
from pydock.daemon.state.networks import NetworkStore
from pydock.errors import Conflict, Forbidden, InvalidParameter, NotFound, PydockError, System
from pydock.linux.rtnetlink import Network
from pydock.network.bridge import enable_forwarding
from pydock.network.ipam import PoolRange, check_overlap, choose_subnet

_PARENTS: Final = ("macvlan", "ipvlan")

log = logging.getLogger("pydock")


def _read(id: str, name: str, text: bytes) -> LiveNetwork:
    """The network of a row of the index; ValueError, TypeError and the like where it is damaged."""
    record = NetworkRecord.from_record(json.loads(text))
    if (record.id, record.name) != (id, name):
        raise ValueError("it is another's")
    if record.driver == "bridge":
        bridges.device(record)
        bridges.rules(record)
    return LiveNetwork(record)


class Making:
    """Makes and unmakes; one at a time."""

    def __init__(
        self, registry: Registry, store: NetworkStore, ground: Ground, ranges: Sequence[PoolRange], forward: bool = True
    ) -> None:
        """`ranges` are what subnets are chosen from; `forward` whether the host may be made to forward packets."""
        self._registry = registry
        self._store = store
        self._ground = ground
        self._ranges = ranges
        self._forward = forward
        #: the IDs of networks whose records cannot be read, by name: nobody sees them, and nothing of theirs is deleted
        self._unreadable: dict[str, str] = {}
        self._lock = threading.Lock()

    def create(self, draft: Draft) -> LiveNetwork:
        """A new network, kept and made."""
        with self._lock, ExitStack() as undo:
            if self._registry.named(draft.name) or draft.name in self._unreadable:
                raise Conflict(f"network with name {draft.name} already exists")
            if draft.config_from:
                draft = self._configured(draft)
            record = self._record(draft)
            network = LiveNetwork(record)
            self._store.put(record.to_record())
            undo.callback(self._store.remove, record.id)
            if not record.config_only:
                self.make(record)
            self._registry.add(network)
            undo.pop_all()
        return network

    def remove(self, network: LiveNetwork) -> None:
        """Remove a network that nobody is on."""
        with self._lock:
            record = network.record
            users = [one.record.name for one in self._registry if one.record.config_from == record.name]
            if record.config_only and users:
                raise Forbidden(f"configuration network {record.name!r} is in use")
            network.close()
            self._registry.remove(network)
            self._store.remove(record.id)
            self._unmake(record)

    def make(self, record: NetworkRecord, with_rules: bool = True) -> None:
        """Make the bridge with its rules, or the parent interface; where that fails nothing is left."""
        if record.driver in _PARENTS:
            if not record.options.get("parent"):
                self._ground.host.add_dummy(record.parent)
            elif record.made_link:
                self._ground.host.add_parent(record.parent)
        if record.driver != "bridge":
            return
        device = bridges.device(record, foreign=not record.made_link)
        with ExitStack() as undo:
            if record.made_link:
                undo.callback(self._ground.host.remove_link, record.bridge_name)
            try:
                self._ground.host.ensure_bridge(device)
                if not record.internal and self._forward:
                    for version in {address.version for address in device.addresses}:
                        enable_forwarding(version)
                self._ground.passage.open(record.bridge_name)
                if with_rules:
                    self._ground.firewall.add_bridge(bridges.rules(record))
            except OSError as error:
                raise System(f"failed to create bridge {record.bridge_name}: {error.strerror or error}") from error
            undo.pop_all()

    def restore(self) -> None:
        """Bring back what is on record, and remove the bridges that nothing has on record."""
        self._ground.passage.reset()
        for id, name, text in self._store.load():
            try:
                network = _read(id, name, text)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                log.error("network %s (%s): its record cannot be read: %r", id, name, error)
                self._unreadable[name] = id
            else:
                self._registry.add(network)
        if self._unreadable:
            return  # a link that nothing names may be one of theirs
        records = [network.record for network in self._registry]
        names = {record.bridge_name for record in records} | {record.parent for record in records}
        for link in self._ground.host.owned_links():
            if link.name not in names:
                self._ground.host.remove_link(link.name)

    def former_id(self, name: str) -> str:
        """The ID of a network whose record cannot be read, "" where there is none; for one that takes its place."""
        return self._unreadable.pop(name, "")

    def remake(self) -> None:
        """Make every network on record; one that cannot be made is told of and does not stand in the way."""
        records = [network.record for network in self._registry if network.record.driver == "bridge"]
        self._ground.firewall.rebuild([bridges.rules(record) for record in records if not record.config_only])
        for network in self._registry:
            record = network.record
            if record.config_only:
                continue
            try:
                self.make(record, with_rules=False)
            except PydockError as error:
                log.warning("network %s cannot be brought back: %s", record.name, error.message)

    def leave(self) -> None:
        """Take links and rules away until the next start, which makes them again: nobody uses them."""
        self._ground.passage.reset()
        self._ground.firewall.remove()
        for link in self._ground.host.owned_links():
            self._ground.host.remove_link(link.name)

    def choose(self, version: int, more: Iterable[Network] = ()) -> Network:
        """A subnet that neither a network nor the host uses."""
        return choose_subnet(self._ranges, version, [*self._registry.subnets(), *self._ground.host.networks(), *more])

    def keep(self, record: NetworkRecord) -> LiveNetwork:
        """Enter a predefined network, in the place of an older record of it."""
        old = self._registry.get(record.name)
        if old:
            self._registry.remove(old)
        if old is None or old.record != record:
            self._store.put(record.to_record())
        network = LiveNetwork(record)
        self._registry.add(network)
        return network

    def _unmake(self, record: NetworkRecord) -> None:
        if record.driver == "bridge" and not record.config_only:
            self._ground.firewall.remove_bridge(bridges.rules(record))
            self._ground.passage.shut(record.bridge_name)
            if record.made_link:
                self._ground.host.dismiss_link(record.bridge_name)
        elif record.driver in _PARENTS and record.made_link:
            shared = any(one.record.parent == record.parent for one in self._registry if one.record.driver in _PARENTS)
            if not shared:
                self._ground.host.remove_link(record.parent)

    def _record(self, draft: Draft) -> NetworkRecord:
        record = NetworkRecord(
            id=secrets.token_hex(32),
            name=draft.name,
            created=time.time_ns(),
            driver=draft.driver,
            enable_ipv4=draft.enable_ipv4,
            enable_ipv6=draft.enable_ipv6,
            ipam_driver=draft.ipam_driver,
            ipam_options=draft.ipam_options,
            pools=draft.pools,
            internal=draft.internal,
            attachable=draft.attachable,
            options=draft.options,
            labels=draft.labels,
            config_only=draft.config_only,
            config_from=draft.config_from,
        )
        if draft.config_only:
            return record
        unused = tuple(pool for pool in draft.pools if pool.network.version not in _versions(draft))
        record = replace(record, pools=self._allocated(draft), unused_pools=unused)
        return replace(record, made_link=self._makes_link(record))

    def _makes_link(self, record: NetworkRecord) -> bool:
        """Whether the link under the network is the engine's to make; refuses one that another network has."""
        host = self._ground.host
        if record.driver == "bridge":
            for other in self._registry:
                if other.record.driver == "bridge" and other.record.bridge_name == record.bridge_name:
                    raise Forbidden(
                        f"cannot create network {record.id} ({record.bridge_name}): conflicts with network "
                        f"{other.record.id} ({other.record.bridge_name}): networks have same bridge name"
                    )
            return not (record.options.get(BRIDGE_NAME) and host.link(record.bridge_name))
        if record.internal and not record.options.get("parent"):
            return True
        return host.link(record.parent) is None or any(
            other.record.parent == record.parent and other.record.made_link
            for other in self._registry
            if other.record.driver in _PARENTS
        )

    def _allocated(self, draft: Draft) -> tuple[Pool, ...]:
        """The subnets with gateways; those that the user left open are chosen."""
        if draft.ipam_driver == "null":
            if draft.pools:
                raise InvalidParameter("null ipam driver does not handle specific address pool requests")
            if draft.driver == "bridge":
                raise InvalidParameter("ipv4 pool is empty")
            return ()
        pools: list[Pool] = []
        used: list[Network] = []
        for version in _versions(draft):
            asked = [pool for pool in draft.pools if pool.network.version == version]
            for pool in asked:
                check_overlap(pool.network, [*self._registry.subnets(), *used])
                used.append(pool.network)
            if not asked:
                used.append(self.choose(version, used))
                asked = [Pool(str(used[-1]))]
            pools += [with_gateway(pool, _needs_gateway(draft, version)) for pool in asked]
            if draft.driver == "bridge" and len(asked) > 1:
                raise Forbidden("bridge driver doesn't support multiple subnets")
        return tuple(pools)

    def _configured(self, draft: Draft) -> Draft:
        """The draft with the configuration of a configuration-only network."""
        source = self._registry.get(draft.config_from)
        if source is None:
            raise NotFound(f'configuration network "{draft.config_from}" does not exist')
        if not source.record.config_only:
            raise Forbidden(f"{draft.config_from!r} is not a configuration network")
        if draft.pools or draft.options or draft.labels:
            raise Forbidden("user specified configurations are not supported if the network depends on a configuration "
                            "network")  # fmt: skip
        record = source.record
        return replace(
            draft,
            enable_ipv4=record.enable_ipv4,
            enable_ipv6=record.enable_ipv6,
            ipam_driver=record.ipam_driver,
            ipam_options=record.ipam_options,
            pools=record.pools,
            options=record.options,
            labels=record.labels,
        )


def _versions(draft: Draft) -> list[int]:
    """The IP versions that are on."""
    return [version for version, enabled in ((4, draft.enable_ipv4), (6, draft.enable_ipv6)) if enabled]


def _needs_gateway(draft: Draft, version: int) -> bool:
    """Whether an address is set aside for the way out, or for the bridge: not where there is neither."""
    if draft.driver == "bridge":
        hidden = version == 4 and draft.internal and parse_bool(draft.options.get(INHIBIT_IPV4) or "0")
        return draft.options.get(GATEWAY_MODES[version]) != "isolated" and not hidden
    return not draft.internal and draft.options.get("ipvlan_mode") not in ("l3", "l3s")
