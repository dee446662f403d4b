"""Ways for our packets through other people's FORWARD chains.

A base chain that accepts ends that chain only; one whose policy is to drop (Docker's, firewalld's or ufw's `filter`
table, made by iptables-nft) drops the packets of every bridge that it does not know, ours too, and no table of ours
can undo that.  So for each of our bridges two accepting rules are entered at the head of Docker's DOCKER-USER chain
where that exists, which is there for the host's own rules, else of the FORWARD chain itself; they bear our table's
name as comment and are taken out with the bridge.  Chains that accept by policy are left alone.  A legacy iptables
(xtables) is not seen; there the host's owner must let the bridges pass.

Called by the daemon's network services: `open` when a bridge comes, `renew` where others may have changed their rules.
"""

import threading
from collections.abc import Collection
from typing import Final

from pydock.linux import nftables as nft
from pydock.linux.netlink import NETLINK_NETFILTER, Netlink
from pydock.linux.nftables import Chain, Transaction

_FAMILIES: Final = {4: nft.IPV4, 6: nft.IPV6}
_USER_CHAIN: Final = "DOCKER-USER"
#: iptables-nft reads rules that use the 128-bit registers, as its own do
_REGISTER: Final = 1


class Passage:
    """The rules of ours in others' chains; `owner` is the comment that they bear, and the table that is ours."""

    def __init__(self, owner: str, versions: Collection[int] = (4, 6)) -> None:
        """`versions`: those of IP whose packets are led through."""
        self._owner = owner
        self._enabled = bool(versions)
        self._families = {nft.INET, *(_FAMILIES[version] for version in versions)}
        self._netlink = Netlink(NETLINK_NETFILTER)
        self._lock = threading.Lock()
        self._bridges: set[str] = set()
        #: the chains that have rules of ours; None before it is known
        self._entered: set[tuple[int, str, str]] | None = None
        self._generation = -1

    def close(self) -> None:
        """Leave the rules as they are."""
        self._netlink.close()

    def reset(self) -> None:
        """Take out every rule that an earlier run left."""
        with self._lock:
            self._bridges.clear()
            self._entered = None
            self._enter()

    def open(self, bridge: str) -> None:
        """Let the packets of a bridge through."""
        with self._lock:
            self._bridges.add(bridge)
            self._enter()

    def shut(self, bridge: str) -> None:
        """The bridge is no more."""
        with self._lock:
            self._bridges.discard(bridge)
            self._enter()

    def renew(self) -> None:
        """Enter the rules again where somebody has changed the packet filter since; costs little where nobody has."""
        if self._enabled and nft.generation(self._netlink) != self._generation:
            with self._lock:
                self._enter()

    def _enter(self) -> None:
        """Have exactly the rules that are wanted in exactly the chains that need them."""
        if not self._enabled:
            return
        before, entered = self._entered, set()
        chains = [chain for chain in nft.chains(self._netlink) if chain.table != self._owner]
        change = Transaction("")
        for chain in chains:
            if chain.family not in self._families or (chain.hook != nft.HOOK_FORWARD and chain.name != _USER_CHAIN):
                continue
            key = (chain.family, chain.table, chain.name)
            bridges = self._bridges if _is_door(chain, chains) else set()
            if bridges:
                entered.add(key)
            if bridges or before is None or key in before:  # listing rules takes long where there are many
                change.join(self._change_of(chain, bridges))
        if change:
            change.commit(self._netlink)
        self._entered = entered
        self._generation = nft.generation(self._netlink)

    def _change_of(self, chain: Chain, bridges: set[str]) -> Transaction:
        """What leaves the rules for `bridges` in a chain, and none of ours beside."""
        wanted = {f"{self._owner} {direction} {bridge}" for bridge in bridges for direction in ("from", "to")}
        present = {
            rule.comment: rule.handle
            for rule in nft.rules(self._netlink, chain.family, chain.table, chain.name)
            if rule.comment.startswith(f"{self._owner} ")
        }
        change = Transaction(chain.table, chain.family)
        for comment in set(present) - wanted:
            change.delete_rule(chain.name, present[comment])
        for comment in wanted - set(present):
            _, direction, bridge = comment.split(" ", 2)
            key = nft.META_IIFNAME if direction == "from" else nft.META_OIFNAME
            name = bridge.encode() + b"\0"
            change.add_rule(
                chain.name, nft.meta(key, _REGISTER), nft.equal(name, _REGISTER), nft.verdict(nft.ACCEPT),
                comment=comment, first=True,
            )  # fmt: skip
        return change


def _is_door(chain: Chain, chains: list[Chain]) -> bool:
    """Whether the rules belong in `chain`: in DOCKER-USER of a table that drops, else in the dropping chain itself."""
    beside = [other for other in chains if (other.family, other.table) == (chain.family, chain.table)]
    if chain.name == _USER_CHAIN:
        return any(map(_drops, beside))
    return _drops(chain) and not any(other.name == _USER_CHAIN for other in beside)


def _drops(chain: Chain) -> bool:
    return chain.hook == nft.HOOK_FORWARD and chain.policy == nft.DROP
