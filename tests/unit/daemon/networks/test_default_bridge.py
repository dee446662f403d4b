"""The default network's subnets, by the configuration and by what its bridge has."""

import ipaddress

import pytest

from pydock.daemon.networks.default_bridge import Wanted, configured
from pydock.daemon.networks.record import Pool
from pydock.errors import InvalidParameter

LINK_LOCAL = "fe80::5c:1ff:fe02:3/64"


def shown(pool: Pool | None) -> tuple[str, str, str] | None:
    """Subnet, range and gateway as inspect has them."""
    return (pool.subnet, pool.ip_range, "" if pool.implied else pool.gateway) if pool else None


def found(wanted: Wanted, present: str, users: bool) -> tuple[str, str, str] | None:
    """What comes of addresses, which are written with spaces between."""
    return shown(configured(wanted, [ipaddress.ip_interface(one) for one in present.split()], users))


@pytest.mark.parametrize(
    ("present", "fixed", "address", "expected"),
    [
        ("", "", "", None),
        ("", "192.168.176.0/24", "", ("192.168.176.0/24", "192.168.176.0/24", "")),
        ("", "", "192.168.176.88/24", ("192.168.176.0/24", "", "192.168.176.88")),
        ("192.168.176.88/24", "", "", ("192.168.176.0/24", "", "192.168.176.88")),
        ("192.168.176.88/20", "192.168.176.0/24", "", ("192.168.176.0/20", "192.168.176.0/24", "192.168.176.88")),
        ("192.168.176.88/20", "192.168.176.0/24", "192.168.176.99/24",
         ("192.168.176.0/24", "192.168.176.0/24", "192.168.176.99")),
        ("192.168.176.88/24", "192.168.176.0/20", "", ("192.168.176.0/20", "192.168.176.0/20", "192.168.176.88")),
        ("192.168.176.88/24", "192.168.177.0/24", "", ("192.168.177.0/24", "192.168.177.0/24", "")),
        (LINK_LOCAL, "fdd1::/64", "", ("fdd1::/64", "fdd1::/64", "")),
        (LINK_LOCAL, "fe80::/64", "", ("fe80::/64", "fe80::/64", LINK_LOCAL.partition("/")[0])),
        (f"{LINK_LOCAL} fe80:1234::88/56", "fe80:1234::/64", "", ("fe80:1234::/56", "fe80:1234::/64", "fe80:1234::88")),
        ("fdd1::8888/64", "fdd1::/56", "", ("fdd1::/56", "fdd1::/56", "fdd1::8888")),
        ("fdd1::8888/64", "fdd1:0:0:1::/64", "fdd1:0:0:1::99/64",
         ("fdd1:0:0:1::/64", "fdd1:0:0:1::/64", "fdd1:0:0:1::99")),
    ],
)  # fmt: skip
def test_a_bridge_of_the_engines_own(
    present: str, fixed: str, address: str, expected: tuple[str, str, str] | None
) -> None:
    version = 6 if ":" in present + fixed + address else 4
    assert found(Wanted(version, address, fixed), present, users=False) == expected


@pytest.mark.parametrize(
    ("present", "fixed", "expected"),
    [
        ("192.168.176.88/20", "", ("192.168.176.0/20", "", "192.168.176.88")),
        ("192.168.160.88/20 192.168.176.88/20", "192.168.177.0/24",
         ("192.168.176.0/20", "192.168.177.0/24", "192.168.176.88")),
        ("192.168.176.88/24", "192.168.176.0/20", ("192.168.176.0/24", "", "192.168.176.88")),
        ("192.168.160.88/20", "192.168.176.0/24", ("192.168.160.0/20", "", "192.168.160.88")),
        ("fdd1::8888/60 fdd1:0:0:10::8888/60", "fdd1:0:0:11::8888/64",
         ("fdd1:0:0:10::/60", "fdd1:0:0:11::/64", "fdd1:0:0:10::8888")),
    ],
)  # fmt: skip
def test_a_bridge_of_the_users(present: str, fixed: str, expected: tuple[str, str, str]) -> None:
    assert found(Wanted(6 if ":" in present else 4, "", fixed), present, users=True) == expected


@pytest.mark.parametrize(("present", "fixed"), [("fdd1::8888/64", "fdd1::/60"), ("fdd1::8888/60", "fdd1:0:0:10::/64")])
def test_a_range_outside_a_users_bridge_is_refused(present: str, fixed: str) -> None:
    with pytest.raises(InvalidParameter, match="outside any subnet implied"):
        found(Wanted(6, "", fixed), present, users=True)


def test_without_an_address_the_gateway_is_the_first_of_the_range() -> None:
    pool = configured(Wanted(4, "", "192.168.50.128/25", "192.168.50.200"), [], users=False)
    assert pool
    assert (pool.gateway, pool.auxiliary) == ("192.168.50.129", {"DefaultGatewayIPv4": "192.168.50.200"})


@pytest.mark.parametrize("address", ["nope", "10.0.0.1", "10.0.0.0/24", "fd00::1/64"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(InvalidParameter):
        configured(Wanted(4, address), [], users=False)
