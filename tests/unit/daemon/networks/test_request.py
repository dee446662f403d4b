"""A network's create request: what is refused, and in which words."""

from typing import Any

import pytest

from pydock.daemon.networks.pools import in_docker_order, with_gateway
from pydock.daemon.networks.record import Pool
from pydock.daemon.networks.request import parse
from pydock.errors import PydockError

BRIDGE = "com.docker.network.bridge."


def refused(**request: Any) -> str:
    with pytest.raises(PydockError) as caught:
        parse({"Name": "n", **request}, {})
    return caught.value.message


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        (BRIDGE + "enable_icc", "nope", 'strconv.ParseBool: parsing "nope": invalid syntax'),
        (BRIDGE + "enable_icc", "", 'strconv.ParseBool: parsing "": invalid syntax'),
        (BRIDGE + "host_binding_ipv4", "nope", "nil ip"),
        (BRIDGE + "gateway_mode_ipv6", "nope", "unknown gateway mode nope"),
        ("com.docker.network.host_ipv4", "fd00::1", "not an IPv4 address"),
        ("com.docker.network.driver.mtu", "nope", 'strconv.Atoi: parsing "nope": invalid syntax'),
    ],
)
def test_options_that_cannot_be_read(option: str, value: str, reason: str) -> None:
    assert refused(Options={option: value}) == f"failed to parse {option} value: {value} ({reason})"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"Options": {"com.docker.network.driver.mtu": "-1"}}, "invalid MTU number: -1"),
        ({"Options": {"com.docker.network.driver.mtu": "67"}}, "invalid MTU number: 67"),
        ({"Options": {"com.docker.network.enable_ipv6": "x"}},
         'driver-opt "com.docker.network.enable_ipv6" is not a valid bool'),
        ({"Options": {BRIDGE + "gateway_mode_ipv4": "isolated"}},
         "gateway mode 'isolated' can only be used for an internal network"),
        ({"Options": {BRIDGE + "name": "a/b"}}, "invalid interface name: 'a/b'"),
        ({"Driver": "macvlan", "Options": {"parent": "lo"}}, "loopback interface is not a valid macvlan parent link"),
        ({"Driver": "macvlan", "Options": {"macvlan_mode": "x"}},
         "requested macvlan mode 'x' is not valid, 'bridge' mode is the macvlan driver default"),
        ({"Driver": "ipvlan", "Options": {"ipvlan_flag": "x"}},
         "requested ipvlan flag 'x' is not valid, 'bridge' is the ipvlan driver default"),
        ({"Ingress": True}, "Ingress network can only be global scope network"),
        ({"Scope": "swarm"}, "cannot create a swarm scoped network when swarm is not active"),
        ({"Name": "host"}, "operation is not permitted on predefined host network "),
        ({"Name": "host", "IPAM": {"Config": [{"Subnet": "x"}]}},
         "operation is not permitted on predefined host network "),
        ({"Name": "", "Driver": "nope", "IPAM": {"Config": [{"Subnet": "x"}]}},
         "invalid network config:\ninvalid subnet x: invalid CIDR block notation"),
    ],
)  # fmt: skip
def test_refusals(request_: dict[str, Any], message: str) -> None:
    assert refused(**request_) == message


@pytest.mark.parametrize(
    ("config", "problems"),
    [
        ({"Subnet": ""}, ["invalid subnet : invalid CIDR block notation"]),
        ({"Subnet": "10.0.0.0"}, ["invalid subnet 10.0.0.0: invalid CIDR block notation"]),
        ({"Subnet": "10.0.0.1/24"}, ["invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24"]),
        ({"Subnet": "10.0.0.0/24", "IPRange": "10.0.0.0/16"},
         ["invalid ip-range 10.0.0.0/16: CIDR block is bigger than its parent subnet 10.0.0.0/24"]),
        ({"Subnet": "10.0.4.0/24", "IPRange": "10.0.4.0/16"},
         ["invalid ip-range 10.0.4.0/16: CIDR block is bigger than its parent subnet 10.0.4.0/24",
          "invalid ip-range 10.0.4.0/16: it should be 10.0.0.0/16"]),
        ({"Subnet": "10.0.0.0/24", "IPRange": "fd00::/80"},
         ["invalid ip-range fd00::/80: parent subnet is an IPv4 block"]),
        ({"Subnet": "10.0.0.0/24", "IPRange": "10.1.0.1/25", "Gateway": "x", "AuxiliaryAddresses": {"a": "10.1.0.1"}},
         ["invalid ip-range 10.1.0.1/25: it should be 10.1.0.0/25",
          "invalid ip-range 10.1.0.1/25: parent subnet 10.0.0.0/24 doesn't contain ip-range",
          "invalid gateway x: invalid address",
          "invalid auxiliary address 10.1.0.1: parent subnet 10.0.0.0/24 doesn't contain this address"]),
    ],
)  # fmt: skip
def test_subnets_that_cannot_be(config: dict[str, Any], problems: list[str]) -> None:
    listed = problems if len(problems) == 1 else [f"* {problem}" for problem in problems]
    assert refused(IPAM={"Config": [config]}).split("\n") == ["invalid network config:", *listed]


def test_a_subnet_of_a_version_that_is_off_is_not_looked_at() -> None:
    config = [{"Subnet": "fd00::1/64", "Gateway": "10.0.0.1"}]
    assert parse({"Name": "n", "IPAM": {"Config": config}}, {}).pools[0].subnet == "fd00::1/64"


def test_the_request_counts_more_than_the_option() -> None:
    options = {"com.docker.network.enable_ipv6": "true"}
    draft = parse({"Name": "n", "Options": options, "EnableIPv6": False}, {})
    assert (draft.enable_ipv6, draft.options) == (False, {})
    assert parse({"Name": "n", "Options": options}, {}).enable_ipv6


@pytest.mark.parametrize(
    ("pool", "gateway"),
    [
        (Pool("10.0.0.0/24"), "10.0.0.1"),
        (Pool("10.0.0.0/24", "10.0.0.128/25"), "10.0.0.128"),
        (Pool("10.0.0.0/24", "10.0.0.0/25"), "10.0.0.1"),
        (Pool("10.0.0.0/31"), "10.0.0.0"),
        (Pool("10.0.0.0/32"), "10.0.0.0"),
        (Pool("fd00::/64"), "fd00::1"),
        (Pool("fd00::/127"), "fd00::1"),
        (Pool("10.0.0.0/24", "10.0.0.128/25", "10.0.0.7"), "10.0.0.7"),
    ],
)
def test_gateways(pool: Pool, gateway: str) -> None:
    assert with_gateway(pool).gateway == gateway


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        (Pool("10.0.0.0/24", gateway="10.0.0.0"), "failed to allocate gateway (10.0.0.0): Address already in use"),
        (Pool("10.0.0.0/24", gateway="10.0.0.255"), "failed to allocate gateway (10.0.0.255): Address already in use"),
        (Pool("fd00::/128"), "failed to allocate gateway (): no available addresses on this pool"),
        (Pool("ff02::/64"), "multicast subnet 'ff02::1/64' is not allowed"),
        (Pool("10.0.0.0/24", auxiliary={"a": "10.0.0.1"}),
         "failed to allocate secondary ip address (a:10.0.0.1): Address already in use"),
        (Pool("10.0.0.0/24", auxiliary={"a": "10.0.0.5", "b": "10.0.0.5"}),
         "failed to allocate secondary ip address (b:10.0.0.5): Address already in use"),
    ],
)  # fmt: skip
def test_addresses_that_nobody_can_have(pool: Pool, message: str) -> None:
    with pytest.raises(PydockError) as caught:
        with_gateway(pool)
    assert caught.value.message == message


def test_a_network_without_a_way_out_has_no_gateway_unless_one_is_named() -> None:
    assert with_gateway(Pool("10.0.0.0/24"), needed=False).gateway == ""
    assert with_gateway(Pool("10.0.0.0/24", gateway="10.0.0.9"), needed=False).gateway == "10.0.0.9"


def test_pools_are_shown_in_dockers_order() -> None:
    pools = [Pool("10.0.0.0/24"), Pool("fd00::/64", chosen=True), Pool("10.1.0.0/24", chosen=True)]
    assert [pool.subnet for pool in in_docker_order(pools)] == ["10.1.0.0/24", "fd00::/64", "10.0.0.0/24"]


def test_options_that_switch_versions_are_shown_unless_the_request_has_its_own_word() -> None:
    four, six = (f"com.docker.network.enable_ipv{version}" for version in (4, 6))
    defaults = {"bridge": {four: "false", six: "true"}}
    draft = parse({"Name": "n"}, defaults)
    assert (draft.enable_ipv4, draft.enable_ipv6, draft.options) == (False, True, defaults["bridge"])
    draft = parse({"Name": "n", "EnableIPv4": True}, defaults)
    assert (draft.enable_ipv4, draft.enable_ipv6, draft.options) == (True, True, {six: "true"})
    assert parse({"Name": "n", "ConfigFrom": {"Network": "other"}}, defaults).options == {}
