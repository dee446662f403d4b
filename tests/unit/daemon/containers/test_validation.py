"""What a create request is refused for, in Docker's words, and what it is warned of."""

from dataclasses import replace
from typing import Any

import pytest

from pydock.daemon.containers import validation
from pydock.errors import InvalidParameter
from tests.unit.daemon.containers.made_containers import V1, translated

MIB = 1 << 20


def check(body: dict[str, Any] | None = None, features: Any = V1, **host: Any) -> list[str]:
    made = translated(body, **host)
    warnings = validation.check(made.config, made.host_config, features)
    validation.check_making(made.host_config)
    return warnings


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"Memory": MIB}, "Minimum memory limit allowed is 6MB"),
    (
        {},
        {"Memory": 10 * MIB, "MemorySwap": 5 * MIB},
        "Minimum memoryswap limit should be larger than memory limit, see usage",
    ),
    (
        {},
        {"MemorySwap": 20 * MIB},
        "You should always set the Memory limit when using Memoryswap limit, see usage",
    ),
    ({}, {"MemorySwappiness": 101}, "Invalid value: 101, valid memory swappiness range is 0-100"),
    ({}, {"MemoryReservation": MIB}, "Minimum memory reservation allowed is 6MB"),
    (
        {},
        {"Memory": 10 * MIB, "MemoryReservation": 20 * MIB},
        "Minimum memory limit can not be less than memory reservation limit, see usage",
    ),
    ({}, {"NanoCpus": 10**11}, "range of CPUs is from 0.01 to 4.00, as there are only 4 CPUs available"),
    ({}, {"NanoCpus": -1}, "range of CPUs is from 0.01 to 4.00, as there are only 4 CPUs available"),
    (
        {},
        {"NanoCpus": 10**9, "CpuPeriod": 1000},
        "Conflicting options: Nano CPUs and CPU Period cannot both be set",
    ),
    (
        {},
        {"CpuPeriod": 500},
        "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
    ),
    ({}, {"CpuQuota": 500}, "CPU cfs quota can not be less than 1ms (i.e. 1000)"),
    ({}, {"CpuShares": -5}, "invalid CPU shares (-5): value must be a positive integer"),
    ({}, {"CpuRealtimePeriod": 5}, "kernel does not support CPU real-time scheduler"),
    ({}, {"CpusetCpus": "77"}, "Requested CPUs are not available - requested 77, available: 0-3"),
    ({}, {"CpusetCpus": "abc"}, "Invalid value abc for cpuset cpus: invalid format: abc"),
    ({}, {"CpusetCpus": "0-9223372036854775807"}, "Invalid value 0-9223372036854775807 for cpuset cpus"),
    ({}, {"CpusetMems": "5"}, "Requested memory nodes are not available - requested 5, available: 0"),
    ({}, {"BlkioWeight": 5}, "Range of blkio weight is from 10 to 1000"),
    ({}, {"OomScoreAdj": 5000}, "Invalid value 5000, range for oom score adj is [-1000, 1000]"),
    ({}, {"ShmSize": -1}, "SHM size can not be less than 0"),
    ({}, {"IpcMode": "bogus"}, "invalid IPC mode: bogus"),
    ({}, {"PidMode": "container:"}, "invalid PID mode: container:"),
    ({}, {"UTSMode": "bogus"}, "invalid UTS mode: bogus"),
    ({}, {"CgroupnsMode": "bogus"}, "invalid cgroup namespace mode: bogus"),
    ({}, {"Runtime": "bogus"}, "unknown or invalid runtime name: bogus"),
    ({}, {"Isolation": "hyperv"}, "invalid isolation (hyperv): linux only supports 'default'"),
    (
        {},
        {"AutoRemove": True, "RestartPolicy": {"Name": "always"}},
        "can't create 'AutoRemove' container with restart policy",
    ),
    (
        {},
        {"RestartPolicy": {"Name": "bogus"}},
        "invalid restart policy: unknown policy 'bogus'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
    ),
    (
        {},
        {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 3}},
        "invalid restart policy: maximum retry count can only be used with 'on-failure'",
    ),
    ({}, {"CapAdd": ["BOGUS"]}, 'invalid CapAdd: unknown capability: "CAP_BOGUS"'),
    ({}, {"SecurityOpt": ["foo"]}, 'invalid --security-opt 1: "foo"'),
    ({}, {"SecurityOpt": ["foo=bar"]}, 'invalid --security-opt 2: "foo=bar"'),
    ({}, {"SecurityOpt": ["no-new-privileges=maybe"]}, 'invalid --security-opt 2: "no-new-privileges=maybe"'),
    ({}, {"Sysctls": {"kernel.panic": "1"}}, "sysctl 'kernel.panic' is not in a separate kernel namespace"),
    ({}, {"Sysctls": {"kernel/../vm/x": "1"}}, "invalid sysctl"),
    ({}, {"DeviceCgroupRules": ["z 1:2 rwm"]}, "invalid device cgroup rule format: 'z 1:2 rwm'"),
    ({}, {"Ulimits": [{"Name": "bogus", "Soft": 1, "Hard": 1}]}, "invalid ulimit type: bogus"),
    (
        {},
        {"Ulimits": [{"Name": "nofile", "Soft": 5, "Hard": 3}]},
        "ulimit soft limit must be less than or equal to hard limit: soft: 5, hard: 3",
    ),
    ({}, {"PortBindings": {"x/tcp": [{}]}}, 'invalid port specification: "x"'),
    ({}, {"PortBindings": {"80/tcp": [{"HostPort": "70000"}]}}, 'invalid port specification: "70000"'),
    ({}, {"ExtraHosts": ["nope"]}, 'bad format for add-host: "nope"'),
    ({}, {"ExtraHosts": ["a:1.2.3"]}, 'invalid IP address in add-host: "1.2.3"'),
    ({}, {"ExtraHosts": ["a b\nc:1.2.3.4"]}, "bad format for add-host"),
    ({}, {"Annotations": {"": "x"}}, "the empty string is not permitted as an annotation key"),
    ({}, {"StorageOpt": {"size": "1g"}}, "--storage-opt is supported only for overlay over xfs"),
    ({}, {"NetworkMode": "container:"}, "invalid container format container:<name|id>"),
    ({"Hostname": "x"}, {"NetworkMode": "container:y"}, "conflicting options: hostname and the network mode"),
    ({}, {"NetworkMode": "container:y", "Dns": ["1.1.1.1"]}, "conflicting options: dns and the network mode"),
    (
        {"ExposedPorts": {"80/tcp": {}}},
        {"NetworkMode": "container:y"},
        "conflicting options: port exposing and the container type network mode",
    ),
    ({"Hostname": "x"}, {"UTSMode": "host"}, "conflicting options: hostname and the UTS mode"),
    (
        {},
        {"NetworkMode": "host", "Links": ["a"]},
        "conflicting options: host type networking can't be used with links.",
    ),
    (
        {"WorkingDir": "rel"},
        {},
        "the working directory 'rel' is invalid, it needs to be an absolute path",
    ),
    ({"StopSignal": "BOGUS"}, {}, "nvalid signal: BOGUS"),
    ({"Env": ["=x"]}, {}, "invalid environment variable: =x"),
    ({"Cmd": ["a\0b"]}, {}, "invalid Cmd: it holds a NUL byte"),
    ({"User": "a\nb"}, {}, "invalid User"),
    (
        {"Healthcheck": {"Test": ["CMD", "x"], "Interval": 1000}},
        {},
        "Interval in Healthcheck cannot be less than 1ms",
    ),
    ({"Hostname": "h" * 65}, {}, "is too long (maximum 64 bytes)"),
]


@pytest.mark.parametrize(("body", "host", "words"), REFUSED)
def test_refused(body: dict[str, Any], host: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        check(body, **host)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("lack", "host", "warning"),
    [
        ({"memory_limit": False}, {"Memory": 10 * MIB}, "memory limit capabilities"),
        ({"swap_limit": False}, {"Memory": 10 * MIB}, "swap limit capabilities"),
        ({"memory_swappiness": False}, {"MemorySwappiness": 5}, "memory swappiness capabilities"),
        ({"pids_limit": False}, {"PidsLimit": 5}, "PIDs limit capabilities"),
        ({"cpu_shares": False}, {"CpuShares": 5}, "CPU shares"),
        ({"cpu_cfs": False}, {"CpuPeriod": 5000}, "CPU CFS scheduler"),
        ({"cpuset": False}, {"CpusetCpus": "0"}, "cpuset"),
        ({"blkio_weight": False}, {"BlkioWeight": 50}, "Block I/O weight"),
        ({"oom_kill_disable": False}, {"OomKillDisable": True, "Memory": 10 * MIB}, "OomKillDisable"),
    ],
)
def test_a_kernel_that_lacks_it_is_warned_of(lack: dict[str, Any], host: dict[str, Any], warning: str) -> None:
    made = translated(**host)
    warnings = validation.check(made.config, made.host_config, replace(V1, **lack))
    assert [text for text in warnings if text.startswith(f"Your kernel does not support {warning}")]
    for key, value in host.items():
        assert key == "Memory" or made.host_config[key] != value, "what is discarded is not recorded"


def test_a_host_network_publishes_nothing() -> None:
    warnings = check(NetworkMode="host", PortBindings={"80/tcp": [{"HostPort": "80"}]})
    assert warnings == ["Published ports are discarded when using host network mode"]


@pytest.mark.parametrize("port", ["80", "80/", "80/tcp", "80/UDP", "80/sctp"])
def test_ports_are_written_in_several_ways(port: str) -> None:
    bindings = {port: [{"HostPort": "8080/tcp"}, {"HostPort": "8000-8010"}, {"HostPort": ""}]}
    assert check({"ExposedPorts": {port: {}}}, PortBindings=bindings) == []


def test_a_ulimit_may_be_written_in_capitals() -> None:
    assert check(Ulimits=[{"Name": "NOFILE", "Soft": 20, "Hard": 20}]) == []


def test_swappiness_of_minus_one_means_none() -> None:
    made = translated(MemorySwappiness=-1)
    validation.check(made.config, made.host_config, V1)
    assert made.host_config["MemorySwappiness"] is None


def test_the_working_directory_is_cleaned() -> None:
    made = translated({"WorkingDir": "//a/./b/../c"})
    validation.check(made.config, made.host_config, V1)
    assert made.config["WorkingDir"] == "/a/c"


def test_an_image_may_ask_for_a_signal_that_is_none() -> None:
    made = translated({"StopSignal": "NOSUCH"})
    validation.check_config(made.config)
    assert made.config["StopSignal"] == "NOSUCH"


def test_the_short_id_that_inspect_shows_as_hostname_is_no_conflict() -> None:
    assert check({"Hostname": "0123456789ab"}, NetworkMode="container:x") == []
    assert check({"Hostname": "0123456789ab"}, UTSMode="host") == []


@pytest.mark.parametrize("variable", ["", "=x", "A=\0"])
def test_variables_without_a_name_or_an_end_are_refused(variable: str) -> None:
    with pytest.raises(InvalidParameter, match="invalid environment variable"):
        validation.check_environment(["A=b", "C", variable])
